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
 * A QEMU process, its folder where it runs on this host, and the three connections to it.
 *
 * @param gdb where its gdbstub is to listen
 */
public record RunningQemu(
        Optional<Path> folder, Gdb gdb, QemuProcess process, Qmp qmp, SocketChannel console, SocketChannel agent)
        implements AutoCloseable {
    /**
     * A place for a gdbstub.
     *
     * @param device what QEMU's {@code gdbserver} is told
     */
    record Gdb(String device, SocketAddress address) {}

    /** Starting a process and linking it, on a busy host; the guest has no part in it. */
    static final Duration START = Duration.ofSeconds(30);

    /** Between the end of QEMU's monitor and that of its process. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    /**
     * For saving and restoring: memory that is a shared file stays out of the saved state, and the end is an event
     * (qapi/migration.json).
     */
    public static final Map<String, ?> CAPABILITIES = Map.of(
            "capabilities",
            List.of(
                    Map.of("capability", "x-ignore-shared", "state", true),
                    Map.of("capability", "events", "state", true)));

    /**
     * Starts QEMU and waits for its calls.
     *
     * @throws MachineException with QEMU's own words where it does not start
     */
    public static RunningQemu start(HostTools programs, Function<Sockets, List<String>> command) throws IOException {
        if (programs.site().isPresent()) {
            throw new MachineException("in " + programs.site().get().name()
                    + " a machine can only be booted: it can neither be frozen nor restored there");
        }
        Path folder = Files.createTempDirectory("ksplat-");
        QemuProcess process = null;
        try (Sockets sockets = Sockets.in(folder)) {
            process = QemuProcess.start(programs.guard(), folder, command.apply(sockets));
            Deadline deadline = Deadline.in(START);
            SocketChannel monitor = sockets.qmp().accept(process, deadline);
            SocketChannel console = sockets.console().accept(process, deadline);
            SocketChannel agent = sockets.agent().accept(process, deadline);
            Path gdb = folder.resolve("gdb");
            return new RunningQemu(
                    Optional.of(folder),
                    new Gdb("unix:" + gdb + ",server=on,wait=off", UnixDomainSocketAddress.of(gdb)),
                    process,
                    greet(process, monitor),
                    console,
                    agent);
        } catch (IOException | RuntimeException e) {
            // Its end ends the connections too.
            if (process != null) {
                process.close();
            }
            Folders.remove(folder);
            throw e;
        }
    }

    /**
     * Starts QEMU at a site and connects to it.
     *
     * @throws MachineException with QEMU's own words where it does not start
     */
    static RunningQemu startAt(QemuLauncher site, LaunchSpec command) throws IOException {
        QemuLauncher.Running running = site.start(command);
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
                    greet(process, monitor),
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

    /**
     * Its folder.
     *
     * @throws MachineException where it does not run on this host
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
