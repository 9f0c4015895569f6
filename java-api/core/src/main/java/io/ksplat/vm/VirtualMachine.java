// SPDX-License-Identifier: Apache-2.0
package io.ksplat.vm;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One running QEMU: its monitor, console, gdbstub and memory, and the raw channel to whatever runs inside. */
public final class VirtualMachine implements AutoCloseable {
    /** Starting a process and linking it, on a busy host; the guest has no part in it. */
    private static final Duration START = Duration.ofSeconds(30);

    /** Between the end of QEMU's monitor and that of its process. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(5);

    private final MachineConfig config;
    private final Path folder;
    private final QemuProcess process;
    private final Qmp qmp;
    private final Console console;
    private final SocketChannel agent;
    private boolean gdbServer;

    private VirtualMachine(
            MachineConfig config, Path folder, QemuProcess process, Qmp qmp, Console console, SocketChannel agent) {
        this.config = config;
        this.folder = folder;
        this.process = process;
        this.qmp = qmp;
        this.console = console;
        this.agent = agent;
    }

    /**
     * Starts QEMU; the guest begins to boot.
     *
     * @param consoleLog where the console goes; it survives the machine
     * @throws MachineException with QEMU's own words where it does not start
     */
    public static VirtualMachine start(MachineConfig config, Programs programs, Path consoleLog) throws IOException {
        Path folder = Files.createTempDirectory("ksplat-");
        QemuProcess process = null;
        Qmp qmp = null;
        Console console = null;
        try (Listener qmpSocket = new Listener(folder.resolve("qmp"));
                Listener consoleSocket = new Listener(folder.resolve("console"));
                Listener agentSocket = new Listener(folder.resolve("agent"))) {
            process = QemuProcess.start(
                    programs.guard(),
                    folder,
                    QemuCommandLine.of(
                            programs.qemu(), config, qmpSocket.path(), consoleSocket.path(), agentSocket.path()));
            Deadline deadline = Deadline.in(START);
            SocketChannel qmpChannel = qmpSocket.accept(process, deadline);
            console = new Console(consoleSocket.accept(process, deadline), consoleLog);
            SocketChannel agent = agentSocket.accept(process, deadline);
            qmp = greet(process, qmpChannel);
            return new VirtualMachine(config, folder, process, qmp, console, agent);
        } catch (IOException | RuntimeException e) {
            closeAll(process, qmp, console);
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

    public MachineConfig config() {
        return config;
    }

    public Qmp qmp() {
        return qmp;
    }

    public Console console() {
        return console;
    }

    /** The byte channel to the port on which the agent listens. */
    public SocketChannel agentChannel() {
        return agent;
    }

    /** Done when QEMU has ended, whoever ended it. */
    public CompletableFuture<Integer> exit() {
        return process.exit();
    }

    /** What QEMU said last on stderr. */
    public String lastWords() {
        return process.lastWords();
    }

    /**
     * Stops the machine and connects to its gdbstub.
     *
     * <p>Stopped first, because a machine that the connection itself stops sends a packet that nobody asked for.
     */
    public GdbStub gdb() throws IOException {
        stop();
        Path socket = folder.resolve("gdb");
        if (!gdbServer) {
            String answer = qmp.monitor("gdbserver unix:" + socket + ",server=on,wait=off");
            if (!answer.contains("Waiting for gdb connection")) {
                throw new MachineException("QEMU started no gdbstub: " + answer.strip());
            }
            gdbServer = true;
        }
        return new GdbStub(socket);
    }

    /** Injects an NMI: into CPU 0, or into every CPU where the guest was booted with apic_extnmi=all. */
    public void injectNmi() throws IOException {
        qmp.execute("inject-nmi", Map.of());
    }

    public void stop() throws IOException {
        qmp.execute("stop", Map.of());
    }

    public void resume() throws IOException {
        qmp.execute("cont", Map.of());
    }

    /** Every CPU's registers, without stopping any: each CPU at a moment of its own. */
    public List<Registers> registers() throws IOException {
        return RegisterText.parse(qmp.monitor("info registers -a"));
    }

    /** Reads guest memory by physical address, without stopping the machine. Meant for a few hundred bytes. */
    public byte[] readPhysical(long address, int length) throws IOException {
        return MemoryText.parse(qmp.monitor("xp /" + length + "xb 0x" + Long.toHexString(address)), address, length);
    }

    /**
     * Reads the guest kernel's memory by virtual address, without stopping the machine. Meant for a few hundred bytes.
     *
     * @throws MachineException where no CPU's page tables map the address just now; a CPU in user mode may not map the kernel
     */
    public byte[] readVirtual(long address, int length) throws IOException {
        String command = "x /" + length + "xb 0x" + Long.toHexString(address);
        MachineException failure = new MachineException("this machine has no CPU");
        for (int cpu = 0; cpu < config.cpus(); cpu++) {
            try {
                return MemoryText.parse(
                        qmp.execute("human-monitor-command", Map.of("command-line", command, "cpu-index", cpu))
                                .asText(),
                        address,
                        length);
            } catch (MachineException.Gone gone) {
                throw gone;
            } catch (MachineException e) {
                failure = e;
            }
        }
        throw failure;
    }

    /** Host thread ids of the virtual CPUs, in CPU order. */
    public List<Long> cpuThreads() throws IOException {
        List<Long> threads = new ArrayList<>();
        qmp.execute("query-cpus-fast", Map.of())
                .forEach(cpu -> threads.add(cpu.path("thread-id").asLong()));
        return threads;
    }

    @Override
    public void close() throws IOException {
        try {
            closeAll(process, qmp, null);
            console.awaitEnd(Deadline.in(START));
        } finally {
            console.close();
            agent.close();
            Folders.remove(folder);
        }
    }

    private static void closeAll(
            @org.jspecify.annotations.Nullable QemuProcess process,
            @org.jspecify.annotations.Nullable Qmp qmp,
            @org.jspecify.annotations.Nullable Console console)
            throws IOException {
        if (process != null) {
            process.close();
        }
        if (qmp != null) {
            qmp.close();
        }
        if (console != null) {
            console.close();
        }
    }
}
