// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A QEMU that ends when this process does, however that ends. */
public sealed interface QemuProcess extends AutoCloseable permits GuardedQemu, RemoteQemu {

    /** Starts one on this host; {@code folder} goes with it. */
    static QemuProcess start(Path guardBinary, Path folder, List<String> command) throws IOException {
        return GuardedQemu.start(guardBinary, folder, command);
    }

    /** The last line of a QEMU's stderr that is of interest, or how it ended. */
    public static String lastWords(String stderr, CompletableFuture<Integer> exit) {
        List<String> lines = stderr.lines().toList();
        for (int i = lines.size() - 1; i >= 0; i--) {
            String line = lines.get(i);
            if (!line.isBlank() && !line.contains("warning:") && !line.contains("info:")) {
                return line.strip();
            }
        }
        return exit.isDone() ? "exit status " + exit.join() + ", no message" : "it said nothing";
    }

    /** Done when QEMU has ended, with its exit status (128 and the signal where one killed it). */
    CompletableFuture<Integer> exit();

    /** The last line that QEMU wrote to stderr, or how it ended. */
    String lastWords();

    /**
     * Lets QEMU live on when this is closed, and when this process ends.
     *
     * @return the guard's process id: SIGTERM there ends QEMU and removes its folder
     * @throws MachineException where QEMU is no process of this host
     */
    long keep() throws IOException;

    boolean isKept();

    /**
     * The scheduler's statistics of one of QEMU's threads (the host's Documentation/scheduler/sched-stats.rst).
     *
     * @return empty where there is no such thread
     */
    String schedstat(long thread) throws IOException;

    /** Ends QEMU at once, waits until it is gone, and leaves its folder removed. */
    @Override
    void close() throws IOException;
}
