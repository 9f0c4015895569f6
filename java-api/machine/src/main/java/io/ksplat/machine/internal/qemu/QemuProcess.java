// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A QEMU that ends when this process ends, for whatever reason. */
public sealed interface QemuProcess extends AutoCloseable permits GuardedQemu, RemoteQemu {

    /** Starts QEMU on this host; {@code folder} is removed when it ends. */
    static QemuProcess start(Path guardBinary, Path folder, Bounds bounds, List<String> command) throws IOException {
        return GuardedQemu.start(guardBinary, folder, bounds, command);
    }

    /** Returns the last line of QEMU's stderr that is neither a warning nor information, or its exit status. */
    static String exitMessage(String stderr, CompletableFuture<Integer> exit) {
        List<String> lines = stderr.lines().toList();
        for (int i = lines.size() - 1; i >= 0; i--) {
            String line = lines.get(i);
            if (!line.isBlank() && !line.contains("warning:") && !line.contains("info:")) {
                return line.strip();
            }
        }
        return exit.isDone() ? "exit status " + exit.join() + ", no message" : "it printed nothing";
    }

    /** Completes when QEMU has ended, with its exit status (128 plus the signal if one killed it). */
    CompletableFuture<Integer> exit();

    /** Returns the last line that QEMU wrote to stderr, or its exit status. */
    String exitMessage();

    /**
     * Keeps QEMU running after this is closed and after this process ends.
     *
     * @return the guard's process id: SIGTERM to it ends QEMU and removes its folder
     * @throws MachineException if QEMU does not run on this host
     */
    long keep() throws IOException;

    boolean isKept();

    /**
     * Returns the scheduler's statistics of one of QEMU's threads (the host's Documentation/scheduler/sched-stats.rst).
     *
     * @return empty if there is no such thread
     */
    String schedstat(long thread) throws IOException;

    /** Kills QEMU, waits until it is gone, and until its folder is removed. */
    @Override
    void close() throws IOException;
}
