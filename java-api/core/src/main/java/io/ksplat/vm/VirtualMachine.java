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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One running QEMU: its monitor, console, gdbstub and memory, and the raw channel to whatever runs inside. */
public final class VirtualMachine implements AutoCloseable {
    /** Saving the state of a machine that stands still: some hundred kilobytes. */
    private static final Duration SAVING = Duration.ofSeconds(30);

    private final MachineConfig config;
    private final RunningQemu qemu;
    private final Console console;
    private final boolean memoryIsFile;
    private boolean gdbServer;
    private @Nullable GdbStub gdb;

    VirtualMachine(MachineConfig config, RunningQemu qemu, Console console, boolean memoryIsFile) {
        this.config = config;
        this.qemu = qemu;
        this.console = console;
        this.memoryIsFile = memoryIsFile;
    }

    /**
     * Starts QEMU; the guest begins to boot.
     *
     * @param consoleLog where the console goes; it survives the machine
     * @throws MachineException with QEMU's own words where it does not start
     */
    public static VirtualMachine start(MachineConfig config, Programs programs, Path consoleLog) throws IOException {
        return start(config, programs, consoleLog, Optional.empty());
    }

    /**
     * As {@link #start(MachineConfig, Programs, Path)}, with the guest's memory in a file: such a machine can be frozen.
     *
     * @param ram made by QEMU where it is not there
     */
    public static VirtualMachine startIn(Path ram, MachineConfig config, Programs programs, Path consoleLog)
            throws IOException {
        return start(config, programs, consoleLog, Optional.of(new RamFile(ram, RamFile.Use.WRITE)));
    }

    private static VirtualMachine start(MachineConfig config, Programs programs, Path consoleLog, Optional<RamFile> ram)
            throws IOException {
        RunningQemu qemu = RunningQemu.start(
                programs, sockets -> QemuCommandLine.boot(programs.qemu(), config, sockets.calls(), ram));
        try {
            return new VirtualMachine(
                    config, qemu, new Console(qemu.console(), consoleLog, new byte[0]), ram.isPresent());
        } catch (IOException | RuntimeException e) {
            qemu.close();
            throw e;
        }
    }

    /**
     * Stops the machine for good and saves the state of everything but its memory, which is in its file already.
     *
     * @throws MachineException where it may not be frozen: its memory is in no file, or a debugger is connected, whose
     *     breakpoints are no part of the state
     */
    public void freeze(Path state) throws IOException {
        if (!memoryIsFile) {
            throw new MachineException("this machine cannot be frozen: its memory is in no file");
        }
        if (gdb != null && gdb.isOpen()) {
            throw new MachineException("this machine cannot be frozen: a debugger is connected to it");
        }
        stop();
        Deadline deadline = Deadline.in(SAVING);
        try (Listener listener = new Listener(qemu.folder().resolve("state"))) {
            qmp().execute("migrate-set-capabilities", RunningQemu.CAPABILITIES);
            qmp().execute("migrate", Map.of("uri", "unix:" + listener.path()));
            try (SocketChannel stream = listener.accept(qemu.process(), deadline)) {
                CompletableFuture<Void> written = SavedState.receive(stream, state);
                String status = qmp().await("saving the machine's state", qmp().migration());
                if (!status.equals("completed")) {
                    throw new MachineException("QEMU could not save the machine's state: " + lastWords());
                }
                qmp().await("writing " + state, written);
            }
        }
    }

    public MachineConfig config() {
        return config;
    }

    public Qmp qmp() {
        return qemu.qmp();
    }

    public Console console() {
        return console;
    }

    /** The byte channel to the port on which the agent listens. */
    public SocketChannel agentChannel() {
        return qemu.agent();
    }

    /** Done when QEMU has ended, whoever ended it. */
    public CompletableFuture<Integer> exit() {
        return qemu.process().exit();
    }

    /** What QEMU said last on stderr. */
    public String lastWords() {
        return qemu.process().lastWords();
    }

    /**
     * Stops the machine and connects to its gdbstub.
     *
     * <p>Stopped first, because a machine that the connection itself stops sends a packet that nobody asked for.
     */
    public GdbStub gdb() throws IOException {
        stop();
        Path socket = qemu.folder().resolve("gdb");
        if (!gdbServer) {
            String answer = qmp().monitor("gdbserver unix:" + socket + ",server=on,wait=off");
            if (!answer.contains("Waiting for gdb connection")) {
                throw new MachineException("QEMU started no gdbstub: " + answer.strip());
            }
            gdbServer = true;
        }
        GdbStub connected = new GdbStub(socket);
        gdb = connected;
        return connected;
    }

    /** Injects an NMI: into CPU 0, or into every CPU where the guest was booted with apic_extnmi=all. */
    public void injectNmi() throws IOException {
        qmp().execute("inject-nmi", Map.of());
    }

    public void stop() throws IOException {
        qmp().execute("stop", Map.of());
    }

    public void resume() throws IOException {
        qmp().execute("cont", Map.of());
    }

    /** Every CPU's registers, without stopping any: each CPU at a moment of its own. */
    public List<Registers> registers() throws IOException {
        return RegisterText.parse(qmp().monitor("info registers -a"));
    }

    /** Reads guest memory by physical address, without stopping the machine. Meant for a few hundred bytes. */
    public byte[] readPhysical(long address, int length) throws IOException {
        return MemoryText.parse(qmp().monitor("xp /" + length + "xb 0x" + Long.toHexString(address)), address, length);
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
                        qmp().execute("human-monitor-command", Map.of("command-line", command, "cpu-index", cpu))
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
        qmp().execute("query-cpus-fast", Map.of())
                .forEach(cpu -> threads.add(cpu.path("thread-id").asLong()));
        return threads;
    }

    /**
     * The processor time of all virtual CPUs in the time that follows, in host CPUs.
     *
     * @return 0 on a host that does not say (a kernel without CONFIG_SCHED_INFO)
     */
    public double cpuLoad(Duration over) throws IOException {
        long before = ranNanos();
        long start = System.nanoTime();
        try {
            Thread.sleep(over.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while measuring the machine's load", e);
        }
        return (double) (ranNanos() - before) / (System.nanoTime() - start);
    }

    /** Memory that QEMU and its guest have written, and so share with nobody, in bytes (proc(5), smaps_rollup). */
    public long ownedBytes() throws IOException {
        Path map = Path.of("/proc", Long.toString(cpuThreads().get(0)), "smaps_rollup");
        for (String line : Files.readAllLines(map)) {
            if (line.startsWith("Private_Dirty:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        throw new MachineException(map + " has no Private_Dirty");
    }

    /** The host's Documentation/scheduler/sched-stats.rst. */
    private long ranNanos() throws IOException {
        long sum = 0;
        for (long thread : cpuThreads()) {
            String line = Files.readString(Path.of("/proc", Long.toString(thread), "schedstat"));
            sum += Long.parseLong(line.substring(0, line.indexOf(' ')));
        }
        return sum;
    }

    @Override
    public void close() throws IOException {
        try {
            qemu.process().close();
            qmp().close();
            console.awaitEnd(Deadline.in(RunningQemu.START));
        } finally {
            qemu.close();
        }
    }
}
