// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * A QEMU process, its folder if it runs on this host, and the three connections to it.
 *
 * @param gdb where its gdbstub will listen
 */
public record RunningQemu(
        Optional<Path> folder, Gdb gdb, QemuProcess process, Qmp qmp, SocketChannel console, SocketChannel agent)
        implements AutoCloseable {
    /**
     * Where a gdbstub listens.
     *
     * @param device the argument of QEMU's {@code gdbserver}
     */
    record Gdb(String device, SocketAddress address) {}

    /** The time limit for starting QEMU on a busy host; it does not depend on the guest. */
    static final Duration START = Duration.ofSeconds(30);

    /** The time limit between the end of QEMU's monitor and the end of its process. */
    private static final Duration EXIT = Duration.ofSeconds(5);

    /**
     * The capabilities for saving and restoring: memory that is a shared file is not in the saved state, and the end is reported by
     * an event (qapi/migration.json).
     */
    public static final Map<String, ?> CAPABILITIES = Map.of(
            "capabilities",
            List.of(
                    Map.of("capability", "x-ignore-shared", "state", true),
                    Map.of("capability", "events", "state", true)));

    /**
     * Starts QEMU and waits for its connections.
     *
     * @throws MachineException with QEMU's message if it does not start
     */
    public static RunningQemu start(HostTools tools, Bounds bounds, Function<Sockets, List<String>> command)
            throws IOException {
        if (tools.launcher().isPresent()) {
            throw new MachineException("machines in " + tools.launcher().get().name()
                    + " can only be booted: they can neither be frozen nor restored there");
        }
        Path folder = Files.createTempDirectory("ksplat-");
        QemuProcess process = null;
        try (Sockets sockets = Sockets.in(folder)) {
            List<String> words = new ArrayList<>(command.apply(sockets));
            words.addAll(tools.confinement());
            process = QemuProcess.start(tools.guard(), folder, bounds, words);
            Deadline deadline = Deadline.in(START);
            SocketChannel monitor = sockets.qmp().accept(process, deadline);
            SocketChannel console = sockets.console().accept(process, deadline);
            SocketChannel agent = sockets.agent().accept(process, deadline);
            Path gdb = folder.resolve("gdb");
            return new RunningQemu(
                    Optional.of(folder),
                    new Gdb("unix:" + gdb + ",server=on,wait=off", UnixDomainSocketAddress.of(gdb)),
                    process,
                    openMonitor(process, monitor),
                    console,
                    agent);
        } catch (IOException | RuntimeException e) {
            // The end of QEMU ends the connections too.
            if (process != null) {
                process.close();
            }
            Folders.remove(folder);
            throw e;
        }
    }

    /**
     * Starts QEMU elsewhere and connects to it.
     *
     * @throws MachineException with QEMU's message if it does not start
     */
    static RunningQemu startAt(QemuLauncher launcher, LaunchSpec command) throws IOException {
        QemuLauncher.Running running = launcher.start(command);
        List<AutoCloseable> open = new ArrayList<>();
        open.add(running);
        try {
            RemoteQemu process = new RemoteQemu(running, Tcp.connect(running.address(Channel.GUARD), START));
            open.set(0, process);
            SocketChannel monitor = keep(open, Tcp.connect(running.address(Channel.QMP), START));
            SocketChannel console = keep(open, Tcp.connect(running.address(Channel.CONSOLE), START));
            SocketChannel agent = keep(open, Tcp.connect(running.address(Channel.AGENT), START));
            return new RunningQemu(
                    Optional.empty(),
                    new Gdb("chardev:gdb", running.address(Channel.GDB)),
                    process,
                    openMonitor(process, monitor),
                    console,
                    agent);
        } catch (IOException | RuntimeException e) {
            for (AutoCloseable each : open) {
                try {
                    each.close();
                } catch (Exception closing) {
                    e.addSuppressed(closing);
                }
            }
            throw e;
        }
    }

    private static SocketChannel keep(List<AutoCloseable> open, SocketChannel channel) {
        open.add(channel);
        return channel;
    }

    /** QEMU connects before it loads the kernel: if it cannot load the kernel, it ends here. */
    private static Qmp openMonitor(QemuProcess process, SocketChannel channel) throws IOException {
        try {
            return new Qmp(channel);
        } catch (MachineException.Gone gone) {
            try {
                process.exit().get(EXIT.toMillis(), TimeUnit.MILLISECONDS);
            } catch (ExecutionException | TimeoutException e) {
                gone.addSuppressed(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            MachineException ended = new MachineException.Gone("QEMU ended before it was up: " + process.exitMessage());
            ended.addSuppressed(gone);
            throw ended;
        }
    }

    /**
     * Returns its folder.
     *
     * @throws MachineException if it does not run on this host
     */
    public Path ownFolder() throws MachineException {
        return folder.orElseThrow(
                () -> new MachineException("this machine does not run on this host: it has no files here"));
    }

    @Override
    public void close() throws IOException {
        try {
            process.close();
            qmp.close();
        } finally {
            console.close();
            agent.close();
            if (folder.isPresent() && !process.isKept()) {
                Folders.remove(folder.get());
            }
        }
    }
}
