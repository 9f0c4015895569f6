// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.snapshot.SavedState;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running QEMU: its monitor, console, gdbstub and memory, and the byte channel to the agent. */
public final class VirtualMachine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VirtualMachine.class);

    /** The time limit for saving the state of a stopped machine: a few hundred kilobytes. */
    private static final Duration SAVING = Duration.ofSeconds(30);

    /** A name in QEMU that nothing else has. */
    private static final String OTHERS = "others-file";

    /** What QEMU says where it may not open a file (strerror(3)). */
    private static final String REFUSED = "Permission denied";

    /** The fields of /proc/PID/schedstat: nanoseconds on a CPU, and on a run queue. */
    private static final int RAN = 0;

    private static final int WAITED = 1;

    private final MachineConfig config;
    private final RunningQemu qemu;
    private final Console console;
    private final boolean memoryIsFile;
    private List<Long> knownThreads = List.of();
    private final WaitingTime starved = new WaitingTime();
    private boolean gdbServer;
    private volatile boolean nmiInjected;
    private @Nullable GdbStub gdb;
    private boolean looked;
    private Optional<QemuMemory> memory = Optional.empty();

    public VirtualMachine(MachineConfig config, RunningQemu qemu, Console console, boolean memoryIsFile) {
        this.config = config;
        this.qemu = qemu;
        this.console = console;
        this.memoryIsFile = memoryIsFile;
    }

    /**
     * Starts QEMU; the guest begins to boot.
     *
     * @param consoleLog the file for the console's output; it is kept when the machine ends
     * @throws MachineException with QEMU's message if it does not start
     */
    public static VirtualMachine start(MachineConfig config, HostTools tools, Path consoleLog) throws IOException {
        return start(config, tools, consoleLog, Optional.empty());
    }

    /**
     * Does the same as {@link #start(MachineConfig, HostTools, Path)}, with the guest's memory in a file, so that the machine can be
     * frozen.
     *
     * @param ram created if it does not exist
     */
    public static VirtualMachine startIn(Path ram, MachineConfig config, HostTools tools, Path consoleLog)
            throws IOException {
        return start(config, tools, consoleLog, Optional.of(new RamFile(ram, RamFile.Use.WRITE)));
    }

    private static VirtualMachine start(MachineConfig config, HostTools tools, Path consoleLog, Optional<RamFile> ram)
            throws IOException {
        // RunningQemu refuses memory in a file if QEMU runs elsewhere.
        RunningQemu qemu = tools.launcher().isPresent() && ram.isEmpty()
                ? RunningQemu.startAt(tools.launcher().get(), new LaunchSpec(config, tools))
                : startHere(config, tools, ram);
        try {
            return new VirtualMachine(config, qemu, new Console(qemu.console(), consoleLog), ram.isPresent());
        } catch (IOException | RuntimeException e) {
            qemu.close();
            throw e;
        }
    }

    private static RunningQemu startHere(MachineConfig config, HostTools tools, Optional<RamFile> ram)
            throws IOException {
        if (tools.launcher().isEmpty()
                && ram.isPresent()
                && !Files.exists(ram.get().file())) {
            // QEMU may write to this file, and make none in its folder.
            Files.createFile(ram.get().file());
        }
        return RunningQemu.start(
                tools,
                Bounds.ofBoot(config, tools, ram),
                sockets -> QemuCommandLine.boot(tools.qemu(), config, sockets.calls(), ram));
    }

    /**
     * Stops the machine and saves the state of everything but its memory, which is in its file already. A machine that is stopped,
     * for example at a breakpoint, is restored before the instruction at which it stopped. It can be frozen again after a debugger
     * has stepped it further.
     *
     * @throws MachineException if its memory is not in a file, or a debugger is connected: breakpoints are not part of the state
     */
    public void freeze(Path state) throws IOException {
        if (!memoryIsFile) {
            throw new MachineException("cannot snapshot this machine: its memory is not in a file");
        }
        if (gdb != null && gdb.isOpen()) {
            throw new MachineException("cannot snapshot this machine: a debugger is connected to it");
        }
        stop();
        boolean atBreakpoint =
                qmp().execute("query-status", Map.of()).path("status").asText().equals("debug");
        Deadline deadline = Deadline.in(SAVING);
        try (Listener listener = new Listener(qemu.ownFolder().resolve("state"))) {
            qmp().execute("migrate-set-capabilities", RunningQemu.CAPABILITIES);
            CompletableFuture<String> saved = qmp().nextMigration();
            qmp().execute("migrate", Map.of("uri", "unix:" + listener.path()));
            try (SocketChannel stream = listener.accept(qemu.process(), deadline)) {
                CompletableFuture<Void> written = SavedState.receive(stream, state);
                String status = qmp().await("saving the machine's state", saved);
                if (!status.equals("completed")) {
                    throw new MachineException("QEMU could not save the machine's state: " + exitMessage());
                }
                qmp().await("writing " + state, written);
            }
        }
        if (atBreakpoint) {
            Files.write(state, SavedState.paused(Files.readAllBytes(state)));
        }
    }

    /** Ends QEMU, and keeps the machine's folder until this is closed. */
    public void end() throws IOException {
        CompletableFuture<?> answer = qmp().send("quit", Map.of());
        try {
            exit().get(SAVING.toMillis(), TimeUnit.MILLISECONDS);
            answer.cancel(false);
            console.awaitEnd(Deadline.in(SAVING));
        } catch (TimeoutException e) {
            throw new MachineException.Late("QEMU did not quit in " + SAVING.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw new MachineException("waiting for QEMU's end failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while waiting for QEMU's end", e);
        }
    }

    /**
     * Returns the folder of the machine's own files. It is removed with the machine, also if this process is killed.
     *
     * @throws MachineException if the machine does not run on this host
     */
    public Path folder() throws MachineException {
        return qemu.ownFolder();
    }

    public MachineConfig config() {
        return config;
    }

    Qmp qmp() {
        return qemu.qmp();
    }

    public Console console() {
        return console;
    }

    /** Returns the byte channel to the port on which the agent listens. */
    public SocketChannel agentChannel() {
        return qemu.agent();
    }

    /** Completes when QEMU has ended, for whatever reason. */
    public CompletableFuture<Integer> exit() {
        return qemu.process().exit();
    }

    /** Returns the last line that QEMU wrote to stderr, or its exit status. */
    public String exitMessage() {
        return qemu.process().exitMessage();
    }

    /**
     * Stops the machine and connects to its gdbstub.
     *
     * <p>Stops it first, because a machine that the connection stops sends a packet that was not asked for.
     */
    public GdbStub gdb() throws IOException {
        stop();
        if (!gdbServer) {
            String answer = qmp().monitor("gdbserver " + qemu.gdb().device());
            if (!answer.contains("Waiting for gdb connection")) {
                throw new MachineException("QEMU did not start its gdbstub: " + answer.strip());
            }
            gdbServer = true;
        }
        GdbStub connected = new GdbStub(qemu.gdb().address());
        gdb = connected;
        return connected;
    }

    /** Injects an NMI: into CPU 0, or into every CPU if the guest was booted with apic_extnmi=all. */
    public void injectNmi() throws IOException {
        nmiInjected = true;
        qmp().execute("inject-nmi", Map.of());
    }

    /** Returns whether an NMI was ever injected: the guest's messages about unknown NMIs since then are ksplat's doing. */
    public boolean nmiInjected() {
        return nmiInjected;
    }

    public void stop() throws IOException {
        qmp().execute("stop", Map.of());
    }

    public void resume() throws IOException {
        qmp().execute("cont", Map.of());
    }

    /** Reads every CPU's registers without stopping any: each CPU at another moment. */
    public List<Registers> registers() throws IOException {
        return Arch.guest().monitorRegisters(qmp().monitor("info registers -a"));
    }

    /** Reads guest memory by physical address, without stopping the machine. Meant for up to a few hundred bytes. */
    public byte[] readPhysical(long address, int length) throws IOException {
        Optional<byte[]> mapped = mapped().flatMap(memory -> memory.read(address, length));
        return mapped.isPresent() ? mapped.get() : askForPhysical(address, length);
    }

    private synchronized Optional<QemuMemory> mapped() throws IOException {
        if (qemu.folder().isEmpty()) {
            return Optional.empty();
        }
        if (!looked) {
            looked = true;
            memory = QemuMemory.of(knownThreads().get(0), config.memoryMiB());
        }
        return memory;
    }

    /** Asks the monitor for memory, which works in every case. */
    byte[] askForPhysical(long address, int length) throws IOException {
        return MemoryText.parse(qmp().monitor("xp /" + length + "xb 0x" + Long.toHexString(address)), address, length);
    }

    /**
     * Reads the guest kernel's memory by virtual address, without stopping the machine. Meant for up to a few hundred bytes.
     *
     * @throws MachineException if no CPU's page tables map the address now; a CPU in user mode may not map the kernel
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

    /** Returns the host thread ids of the virtual CPUs, in the order of the CPUs. */
    public List<Long> cpuThreads() throws IOException {
        List<Long> threads = new ArrayList<>();
        qmp().execute("query-cpus-fast", Map.of())
                .forEach(cpu -> threads.add(cpu.path("thread-id").asLong()));
        return threads;
    }

    /** Returns the same without asking QEMU again: they do not change as long as the machine lives. */
    private synchronized List<Long> knownThreads() throws IOException {
        if (knownThreads.isEmpty()) {
            knownThreads = cpuThreads();
        }
        return knownThreads;
    }

    /** Returns what keeps QEMU from doing more than to run this machine. */
    public Confinement confinement() throws IOException {
        return Confinement.of(knownThreads().get(0), !opensOthersFiles());
    }

    /** Asks QEMU itself to open a file that is none of its machine's, but that its user can read. */
    private boolean opensOthersFiles() throws IOException {
        Path others = Files.createTempFile("ksplat-", ".none");
        try {
            qmp().execute(
                            "blockdev-add",
                            Map.of(
                                    "driver",
                                    "file",
                                    "node-name",
                                    OTHERS,
                                    "filename",
                                    others.toString(),
                                    "read-only",
                                    true));
            qmp().execute("blockdev-del", Map.of("node-name", OTHERS));
            return true;
        } catch (MachineException.Gone gone) {
            throw gone;
        } catch (MachineException e) {
            if (!String.valueOf(e.getMessage()).contains(REFUSED)) {
                throw e;
            }
            return false;
        } finally {
            Files.delete(others);
        }
    }

    /**
     * Measures how many host CPUs the virtual CPUs use together.
     *
     * @return 0 if the host's kernel does not count (without CONFIG_SCHED_INFO)
     */
    public double cpuLoad(Duration over) throws IOException {
        long before = countedNanos();
        long start = System.nanoTime();
        try {
            Thread.sleep(over.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while measuring the machine's load", e);
        }
        return (double) (countedNanos() - before) / (System.nanoTime() - start);
    }

    /** Returns the bytes of memory that QEMU and its guest have written, and so do not share (proc(5), smaps_rollup). */
    public long ownedBytes() throws IOException {
        if (qemu.folder().isEmpty()) {
            throw new MachineException("cannot read how much memory QEMU owns: it does not run on this host");
        }
        Path map = Path.of("/proc", Long.toString(cpuThreads().get(0)), "smaps_rollup");
        for (String line : Files.readAllLines(map)) {
            if (line.startsWith("Private_Dirty:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        throw new MachineException(map + " has no Private_Dirty");
    }

    /**
     * Returns the processor time that a thread of {@link #cpuThreads} has used, in nanoseconds: it does not grow while the vCPU is
     * starved or stopped.
     *
     * @return empty if there is no such thread, or the kernel under QEMU does not count (without CONFIG_SCHED_INFO it prints zeros)
     */
    public OptionalLong ranNanos(long thread) throws IOException {
        long ns = schedstat(thread, RAN);
        return ns == 0 ? OptionalLong.empty() : OptionalLong.of(ns);
    }

    /** Returns a field of a thread's /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst), 0 if there is no such thread. */
    private long schedstat(long thread, int field) throws IOException {
        String line = qemu.process().schedstat(thread).strip();
        return line.isEmpty() ? 0 : Long.parseLong(line.split(" ", -1)[field]);
    }

    /** Returns how long the machine has waited for CPUs of the host so far, in nanoseconds. */
    public synchronized long starvedNanos() {
        try {
            Map<Long, Long> waited = new HashMap<>();
            for (long thread : knownThreads()) {
                waited.put(thread, schedstat(thread, WAITED));
            }
            starved.look(waited);
        } catch (IOException e) {
            // Of a machine that is gone; whoever waits for its answer learns that.
            LOG.debug("cannot read how long the machine waited for its host", e);
        }
        return starved.nanos();
    }

    /** Returns the processor time that all vCPUs have used, in nanoseconds; the time of the host if it does not count. */
    public long ranNanos() {
        try {
            long counted = countedNanos();
            return counted > 0 ? counted : System.nanoTime();
        } catch (IOException e) {
            // Of a machine that is gone; whoever waits for its answer learns that.
            LOG.debug("cannot read how long the machine has run", e);
            return System.nanoTime();
        }
    }

    private long countedNanos() throws IOException {
        long sum = 0;
        for (long thread : knownThreads()) {
            sum += ranNanos(thread).orElse(0);
        }
        return sum;
    }

    /**
     * Stops the machine and writes its memory and registers as an ELF core file.
     *
     * @param file created by QEMU, in the machine's folder: it can write nowhere else
     * @throws MachineException if the machine does not run on this host
     */
    public void dump(Path file) throws IOException {
        if (qemu.folder().isEmpty()) {
            throw new MachineException("cannot write " + file + ": QEMU does not run on this host");
        }
        stop();
        // The path is passed in JSON and needs no escaping, unlike on a command line.
        var done = qmp().nextEvent("DUMP_COMPLETED");
        qmp().execute(
                        "dump-guest-memory",
                        Map.of("paging", false, "protocol", "file:" + file.toAbsolutePath(), "detach", true));
        JsonNode end = qmp().await("dumping the guest's memory", done);
        if (!end.path("result").path("status").asText().equals("completed")) {
            throw new MachineException(
                    "QEMU could not write " + file + ": " + end.path("error").asText("no reason given"));
        }
    }

    /**
     * A machine that is kept.
     *
     * @param gdb the socket of its gdbstub
     * @param guard the process that ends it on SIGTERM
     */
    public record Kept(Path gdb, long guard) {}

    /**
     * Stops the machine and keeps it for a debugger: {@link #close} does not end it then.
     *
     * @throws MachineException if the machine does not run on this host
     */
    public Kept keep() throws IOException {
        Path socket = gdbSocket();
        gdb().close();
        return new Kept(socket, qemu.process().keep());
    }

    /** Returns the address on which the gdbstub listens after {@link #gdb} was called. */
    public SocketAddress gdbAddress() {
        return qemu.gdb().address();
    }

    /**
     * Returns {@link #gdbAddress} as a path.
     *
     * @throws MachineException if the machine does not run on this host
     */
    public Path gdbSocket() throws MachineException {
        return qemu.ownFolder().resolve("gdb");
    }

    @Override
    public void close() throws IOException {
        try {
            qemu.process().close();
            qmp().close();
            if (qemu.process().isKept()) {
                console.close();
            }
            console.awaitEnd(Deadline.in(RunningQemu.START));
        } finally {
            closeMemory();
            qemu.close();
        }
    }

    private synchronized void closeMemory() throws IOException {
        looked = true;
        if (memory.isPresent()) {
            memory.get().close();
        }
        memory = Optional.empty();
    }
}
