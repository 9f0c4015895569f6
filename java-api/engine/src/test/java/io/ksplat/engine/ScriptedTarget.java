// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectSpec;
import io.ksplat.bpf.VerifierException;
import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.internal.sleep.SeenTask;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.ConsoleLog;
import io.ksplat.machine.GuestControl;
import io.ksplat.machine.GuestKernel;
import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.SelfCheck;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.hang.Awaited;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.hang.Suspicion;
import io.ksplat.machine.internal.forensics.pending.ArmedTimer;
import io.ksplat.machine.internal.forensics.pending.Pending;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;

/** A target that behaves as it is told, so that a whole run needs no QEMU. */
final class ScriptedTarget implements Target, GuestControl, ConsoleLog, OutsideView {
    /** What goes wrong. */
    enum Fault {
        STUCK,
        BUSY,
        SILENT_HEART,
        OLD_HEARTBEATS,
        GONE,
        NO_CONSOLE,
        NO_SAMPLES,
        NO_ANALYSIS,
        REFUSES_PROGRAM,
        NO_BPF,
        LOSES_AGENT,
        SILENT_AGENT,
        NO_TASKS,
        SLOW_TASK,
        BLOCKED_TASK,
        RING_OF_TASKS,
        DOES_NOT_END
    }

    private static final Diagnosis ALIVE = new Diagnosis(List.of(), List.of(), false);

    /** For how long a busy CPU shows no sign of life. */
    private static final int BUSY_SECONDS = 30;

    private static final Task SLEEPER = new Task("sleeper", 7);

    private final Path console;
    private final Set<Fault> faults;
    private final Map<String, Integer> globals;
    private final Queue<String> streamed;
    private Optional<ConsoleLog.Reader> reader = Optional.empty();
    private long beats;
    private long clock;
    private long timerSeconds;
    private int looks;
    private long samples;
    private String atUnload = "";
    private volatile boolean closed;

    ScriptedTarget(Path console, Set<Fault> faults, Map<String, Integer> globals, Queue<String> streamed)
            throws IOException {
        this.streamed = streamed;
        this.console = Files.writeString(console, "");
        this.globals = Map.copyOf(globals);
        this.faults = EnumSet.noneOf(Fault.class);
        this.faults.addAll(faults);
    }

    /** Goes wrong from now on. */
    void fail(Fault fault) {
        faults.add(fault);
    }

    /** Prints on the console when it unloads an object. */
    void printAtUnload(String text) {
        atUnload = text;
    }

    private void unload() throws IOException {
        print(atUnload);
        fail(Fault.LOSES_AGENT, "the agent is gone");
    }

    /** Prints on the console. */
    void print(String text) {
        byte[] bytes = text.getBytes(US_ASCII);
        reader.orElseThrow().feed(bytes, 0, bytes.length);
    }

    boolean isClosed() {
        return closed;
    }

    private void fail(Fault fault, String message) throws IOException {
        if (faults.contains(fault)) {
            throw new IOException(message);
        }
    }

    @Override
    public GuestKernel kernel() {
        return new GuestKernel("7.2.0-scripted", "#1", 2, 0, Optional.empty(), true);
    }

    @Override
    public GuestControl control() {
        return this;
    }

    @Override
    public ConsoleLog console() {
        return this;
    }

    @Override
    public void beginExperiment(String token, ConsoleLog.Reader to) throws IOException {
        fail(Fault.NO_CONSOLE, "the mark did not come");
        reader = Optional.of(to);
    }

    @Override
    public void resumeExperiment(ConsoleLog.Reader to) {
        reader = Optional.of(to);
    }

    /** Nothing is waited for that does not come at once. */
    @Override
    public Duration scale(Duration time) {
        return time.dividedBy(20);
    }

    @Override
    public <C extends Capability> Optional<C> find(Class<C> capability) {
        return capability.isInstance(this) ? Optional.of(capability.cast(this)) : Optional.empty();
    }

    @Override
    public BpfObject load(BpfObjectSpec spec) throws IOException {
        if (faults.contains(Fault.REFUSES_PROGRAM)) {
            throw new VerifierException("on_nmi", 13, "0: (95) exit\nR0 !read_ok\n");
        }
        fail(Fault.NO_BPF, "there is no BPF here");
        return new BpfObject(spec.file(), new ScriptedBackend(1, globals, streamed, this::unload));
    }

    @Override
    public Path file() {
        return console;
    }

    /** The console is quiet. */
    @Override
    public long lastByteNanos() {
        return System.nanoTime() - Duration.ofSeconds(1).toNanos();
    }

    @Override
    public Optional<String> ended() {
        return faults.contains(Fault.GONE) ? Optional.of("QEMU ended: killed") : Optional.empty();
    }

    @Override
    public long[] heartbeats() throws IOException {
        beats += faults.contains(Fault.SILENT_HEART) || isBusy() ? 0 : 10;
        return new long[] {beats, beats};
    }

    @Override
    public Optional<long[]> heartbeatsSince(long nanos) throws IOException {
        return faults.contains(Fault.OLD_HEARTBEATS) ? Optional.empty() : Optional.of(heartbeats());
    }

    @Override
    public OptionalLong guestNanos() {
        return OptionalLong.of(beats * 10_000_000);
    }

    /** Returns how often the tasks were looked at. */
    int looks() {
        return looks;
    }

    @Override
    public boolean nmiInjected() {
        return false;
    }

    @Override
    public Sampler sampler(Symbols symbols, double patience) {
        return () -> {
            fail(Fault.NO_SAMPLES, "the monitor does not answer");
            samples++;
            if (faults.contains(Fault.STUCK)) {
                return new Diagnosis(
                        List.of(new Diagnosis.Stuck(0, 0, 1, true, Set.of("spin"))),
                        List.of(),
                        false,
                        List.of(new Diagnosis.Life(0, 0, samples * 100_000_000L, 0)));
            }
            return isBusy() ? busy() : ALIVE;
        };
    }

    private boolean isBusy() {
        return faults.contains(Fault.BUSY) && samples <= BUSY_SECONDS;
    }

    /** Its vCPU runs for a second between two samples, and its heart stands still. */
    private Diagnosis busy() {
        return new Diagnosis(
                List.of(), List.of(), false, List.of(new Diagnosis.Life(0, 0, samples * 1_000_000_000L, 0)));
    }

    @Override
    public Analysis analysis(Known known) {
        return new Analysis() {
            @Override
            public Map<Integer, Awaited> waits(Diagnosis diagnosis) {
                return Map.of(0, new Awaited(Awaited.How.LOCK, 1, 0));
            }

            @Override
            public Optional<HangAnalysis.Findings> proof(Diagnosis diagnosis, Suspicion suspicion) throws IOException {
                fail(Fault.NO_ANALYSIS, "the gdbstub does not answer");
                return Optional.of(new HangAnalysis.Findings(evidence(EvidenceKind.CPU_STUCK), List.of()));
            }

            @Override
            public HangAnalysis.Findings busy(Diagnosis diagnosis) {
                return new HangAnalysis.Findings(evidence(EvidenceKind.CPU_BUSY), List.of());
            }

            @Override
            public List<Evidence> behind(Diagnosis diagnosis) {
                return List.of();
            }

            @Override
            public List<SeenTask> tasks() throws IOException {
                fail(Fault.NO_TASKS, "the tasks cannot be read");
                looks++;
                boolean moves = faults.contains(Fault.SLOW_TASK);
                boolean sleeps = moves || faults.contains(Fault.BLOCKED_TASK) || faults.contains(Fault.RING_OF_TASKS);
                // TASK_UNINTERRUPTIBLE, or TASK_INTERRUPTIBLE.
                return List.of(new SeenTask(
                        1, SLEEPER, sleeps ? 2 : 1, 0, false, moves ? looks / 4 : 0, OptionalLong.empty()));
            }

            @Override
            public SleepFindings ofSleepers(Sleepers sleepers) {
                boolean ring = faults.contains(Fault.RING_OF_TASKS);
                Evidence found = Evidence.builder(EvidenceKind.TASK_BLOCKED, "sleeper/7 sleeps", "task-blocked:f")
                        .cycle(ring ? List.of(new CycleNode("task", OptionalInt.empty(), "m", "m")) : List.of())
                        .details(new Details.Waits(List.of(), List.of()))
                        .build();
                return new SleepFindings(ring || sleepers.watched() ? List.of(found) : List.of(), ring, false);
            }

            @Override
            public List<String> unprinted() {
                return List.of();
            }
        };
    }

    /** Its clock moves on by a second with each look. */
    @Override
    public Pending pending(KernelInfo kernel, Symbols symbols) {
        return new Pending() {
            @Override
            public OptionalLong guestNanos() {
                clock += 1_000_000_000L;
                return OptionalLong.of(clock);
            }

            @Override
            public boolean canTell() {
                return true;
            }

            @Override
            public Optional<List<ArmedTimer>> timers() {
                return Optional.of(
                        timerSeconds > 0 && clock < timerSeconds * 1_000_000_000L
                                ? List.of(new ArmedTimer(1, timerSeconds * 1_000_000_000L, Optional.of("late")))
                                : List.of());
            }
        };
    }

    /** Arms a timer that is due at a second of its clock. */
    void armTimer(long second) {
        timerSeconds = second;
    }

    private static Evidence evidence(EvidenceKind kind) {
        return new Evidence(
                kind,
                "CPU 0 stuck in spin",
                kind.id() + ":spin",
                List.of(),
                List.of(),
                List.of(),
                Source.OUTSIDE,
                OptionalDouble.empty());
    }

    @Override
    public List<SelfCheck> selfChecks(Symbols symbols) {
        return List.of();
    }

    @Override
    public List<SelfCheck> restored(List<SelfCheck> before) {
        return before;
    }

    @Override
    public void close() throws IOException {
        closed = true;
        fail(Fault.DOES_NOT_END, "QEMU does not end");
    }

    @Override
    public byte[] readFile(String path) throws IOException {
        if (faults.contains(Fault.SILENT_AGENT)) {
            throw new MachineException.Late("the agent did not answer read_file within 4000 ms");
        }
        fail(Fault.LOSES_AGENT, "the agent is gone");
        return new byte[0];
    }

    @Override
    public void writeFile(String path, String text) throws IOException {
        fail(Fault.LOSES_AGENT, "the agent is gone");
    }

    @Override
    public void writeProgram(String path, byte[] program) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void makeDirectory(String path) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void remove(String path) {
        throw new UnsupportedOperationException();
    }

    @Override
    public GuestProcess spawnParked(int cpu) {
        throw new UnsupportedOperationException();
    }

    @Override
    public GuestProcess spawnChurn(int cpu) {
        throw new UnsupportedOperationException();
    }

    @Override
    public GuestProcess spawn(int cpu, String... argv) {
        throw new UnsupportedOperationException();
    }

    @Override
    public GuestProcess spawn(int cpu, Path output, String... argv) {
        throw new UnsupportedOperationException();
    }
}
