// SPDX-License-Identifier: Apache-2.0
package io.ksplat.vm;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** A QEMU process, its folder, and the three connections that it made. */
record RunningQemu(Path folder, QemuProcess process, Qmp qmp, SocketChannel console, SocketChannel agent)
        implements AutoCloseable {
    /** Starting a process and linking it, on a busy host; the guest has no part in it. */
    static final Duration START = Duration.ofSeconds(30);

    /** Between the end of QEMU's monitor and that of its process. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    /**
     * For saving and restoring: memory that is a shared file stays out of the saved state, and the end is an event
     * (qapi/migration.json).
     */
    static final Map<String, ?> CAPABILITIES = Map.of(
            "capabilities",
            List.of(
                    Map.of("capability", "x-ignore-shared", "state", true),
                    Map.of("capability", "events", "state", true)));

    /**
     * Starts QEMU and waits for its calls.
     *
     * @throws MachineException with QEMU's own words where it does not start
     */
    static RunningQemu start(Programs programs, Function<Sockets, List<String>> command) throws IOException {
        Path folder = Files.createTempDirectory("ksplat-");
        QemuProcess process = null;
        try (Sockets sockets = Sockets.in(folder)) {
            process = QemuProcess.start(programs.guard(), folder, command.apply(sockets));
            Deadline deadline = Deadline.in(START);
            SocketChannel monitor = sockets.qmp().accept(process, deadline);
            SocketChannel console = sockets.console().accept(process, deadline);
            SocketChannel agent = sockets.agent().accept(process, deadline);
            return new RunningQemu(folder, process, greet(process, monitor), console, agent);
        } catch (IOException | RuntimeException e) {
            // Its end ends the connections too.
            if (process != null) {
                process.close();
            }
            Folders.remove(folder);
            throw e;
        }
    }

    /** QEMU connects before it loads the kernel: one that it cannot load ends it here. */
    private static Qmp greet(QemuProcess process, SocketChannel channel) throws IOException {
        try {
            return new Qmp(channel);
        } catch (MachineException.Gone gone) {
            try {
                process.exit().get(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
            } catch (ExecutionException | TimeoutException e) {
                gone.addSuppressed(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            MachineException ended = new MachineException.Gone("QEMU ended before it was up: " + process.lastWords());
            ended.addSuppressed(gone);
            throw ended;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            process.close();
            qmp.close();
        } finally {
            console.close();
            agent.close();
            if (!process.isKept()) {
                Folders.remove(folder);
            }
        }
    }
}
