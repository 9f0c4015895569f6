// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfObjectSpec;
import io.ksplat.bpf.KernelLacksException;
import io.ksplat.bpf.VerifierException;
import io.ksplat.engine.Machine;
import io.ksplat.engine.Scenario;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.Landing;
import io.ksplat.machine.Nmi;
import io.ksplat.machine.NmiMode;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.NmiInjection;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.SelfCheck;
import io.ksplat.machine.internal.Snapshots;
import io.ksplat.machine.internal.UnsupportedTargetException;
import io.ksplat.machine.internal.nmi.NmiInterceptor;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.SampledSpan;
import io.ksplat.results.TimelineEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a run has set up on one target: its programs, its NMIs, its controls and what watches it. */
public final class Fixture {
    /** Sets nothing before an object is loaded. */
    public static final UnaryOperator<BpfObjectSpec> AS_IT_IS = spec -> spec;

    /** How much of its time a guest gets for what a control does not allow. */
    private static final Duration LATE = Duration.ofSeconds(1);

    private static final Duration LONGEST_WATCH = Duration.ofHours(1);

    private static final Logger LOG = LoggerFactory.getLogger(Fixture.class);

    private final Context context;
    private final Target target;
    private final Watcher watcher;
    private final List<SelfCheck> checks;
    private final ControlSet controls = new ControlSet();
    private final ReportedRefusals reports = new ReportedRefusals();
    private final List<BpfObject> objects = new ArrayList<>();
    private final List<GuestProcess> processes = new ArrayList<>();
    private final ProcessControls exits = new ProcessControls();
    /** By source, until the scenario's code asks for them. */
    private final Map<String, BpfObject> loadedBefore = new HashMap<>();

    private final Optional<Nmi> nmi;
    private final long beganNanos = System.nanoTime();
    private OptionalLong watchBegan = OptionalLong.empty();
    private OptionalLong watchEnded = OptionalLong.empty();
    private Optional<Duration> watchFor = Optional.empty();
    private BooleanSupplier over = () -> false;
    private Symbols symbols;
    private @Nullable Machine machine;
    private boolean preparing;

    /** Compiles a BPF C file for a kernel. */
    @FunctionalInterface
    public interface Compiler {
        byte[] compile(String source) throws IOException, InterruptedException;
    }

    /**
     * What is the same on whichever target a run ends up.
     *
     * @param consoleLog beside which what its processes print goes
     * @param busy how long a vCPU may run without a sign of life before that is evidence
     * @param started the run's beginning, as {@link System#nanoTime()}
     * @param before of the run before on the same machine, which has read its console since
     */
    public record Context(
            Scenario scenario,
            KernelInfo kernel,
            Cache cache,
            Compiler compiler,
            NmiMode mode,
            Optional<CaptureHook> capture,
            Path consoleLog,
            Duration busy,
            long started,
            Optional<Watcher> before) {
        private Watcher watch(Target target, Symbols symbols, List<SelfCheck> checks) throws IOException {
            return new Watcher(target, outside(target), kernel, symbols, cache, checks, started);
        }
    }

    private Fixture(Context context, Target target, Watcher watcher, Symbols symbols, List<SelfCheck> checks) {
        this.context = context;
        this.target = target;
        this.watcher = watcher;
        this.symbols = symbols;
        this.checks = checks;
        this.nmi = target.find(NmiInjection.class)
                .map(source -> source.nmi(context.kernel, symbols, context.mode, watcher::hasFound, interceptor()));
    }

    private Optional<NmiInterceptor> interceptor() {
        return context.capture.map(hook -> (source, cpu, within) -> hook.capture(this, source, cpu, within));
    }

    private static OutsideView outside(Target target) throws IOException {
        return target.find(OutsideView.class)
                .orElseThrow(() -> new IOException("this target cannot be seen from outside"));
    }

    /**
     * Loads the scenario's own object into a target that nothing was done to.
     *
     * @throws VerifierException if the kernel refuses it
     * @throws LeftReportsException if the target reported something after the run before
     */
    public static Fixture in(Target target, Optional<BpfObjectFile> program, Context context) throws IOException {
        Symbols symbols = context.kernel.symbolsAt(target.kernel().text());
        List<SelfCheck> checks = outside(target).selfChecks(symbols);
        Watcher watcher = context.watch(target, symbols, checks);
        begin(target, watcher, context.before);
        if (program.isEmpty()) {
            return new Fixture(context, target, watcher, symbols, checks);
        }
        KernelConfiguration.offer(target, context.kernel, program.get());
        BpfObject object = BpfObject.load(target, program.get());
        Symbols withIt = symbols.plus(object.symbols());
        Fixture fixture = new Fixture(context, target, watcher, withIt, checks);
        fixture.loaded(object, withIt);
        return fixture;
    }

    private static void begin(Target target, Watcher watcher, Optional<Watcher> before) throws IOException {
        try {
            target.beginExperiment(Long.toHexString(System.nanoTime()), watcher);
        } catch (IOException e) {
            // A machine that shows no mark may have said why.
            if (before.isPresent()) {
                before.get().requireNothingLate();
            }
            throw e;
        }
        if (before.isPresent()) {
            before.get().requireNothingLate();
        }
    }

    /** Finds again what was there when a machine was frozen after its preparation. */
    public static Fixture restored(Target target, SnapshotCache.Prepared prepared, Context context) throws IOException {
        List<SelfCheck> checks = outside(target).restored(prepared.checks());
        Watcher watcher = context.watch(target, prepared.symbols(), checks);
        target.resumeExperiment(watcher);
        Fixture fixture = new Fixture(context, target, watcher, prepared.symbols(), checks);
        if (prepared.processes().count() > 0) {
            fixture.exits.restore(prepared.processes(), snapshots(target), context.consoleLog);
        }
        prepared.bpf().ifPresent(own -> fixture.loaded(own.in(target), prepared.symbols()));
        prepared.loaded().forEach((source, object) -> {
            BpfObject there = object.in(target);
            fixture.loaded(there, prepared.symbols());
            fixture.loadedBefore.put(source, there);
        });
        return fixture;
    }

    private void loaded(BpfObject object, Symbols withIt) {
        objects.add(object);
        symbols = withIt;
        watcher.loaded(object, withIt);
    }

    /**
     * Does what the scenario wants done before its machine may be frozen.
     *
     * @return what that threw: the machine is judged, as after code that throws
     * @throws VerifierException if the kernel refuses a program
     * @throws KernelLacksException if the kernel has not what a program needs
     */
    public Optional<Throwable> prepare() throws VerifierException, KernelLacksException {
        preparing = true;
        try {
            context.scenario.beforeSnapshot(machine());
            checkPrepared();
            return Optional.empty();
        } catch (VerifierException | KernelLacksException refusal) {
            throw refusal;
        } catch (Throwable t) {
            return Optional.of(t);
        } finally {
            preparing = false;
        }
    }

    /** Always, not only if the machine is frozen: what works once must work a hundred times. */
    private void checkPrepared() {
        if (!controls.isEmpty() || !reports.isEmpty() || nmi.map(Nmi::asked).orElse(0) > 0) {
            throw new IllegalStateException("controls, program reports and NMIs belong into the test method:"
                    + " what a @BeforeSnapshot method does is done once for many attempts");
        }
        machine = null;
    }

    /** Freezes the machine as it is now. */
    public SnapshotCache.Prepared freeze() throws IOException {
        Map<String, BpfObject> more = new HashMap<>(loadedBefore);
        more.values().removeIf(BpfObject::isClosed);
        Optional<BpfObject> own = context.scenario.bpf().map(file -> bpf()).filter(object -> !object.isClosed());
        return new SnapshotCache.Prepared(snapshots(target).freeze(), symbols, own, more, checks, exits);
    }

    private static Snapshots snapshots(Target target) throws IOException {
        return target.find(Snapshots.class).orElseThrow(() -> new IOException("this target cannot be frozen"));
    }

    /** Returns the machine as the scenario's code sees it. */
    public Machine machine() {
        Machine known = machine;
        if (known == null) {
            known = new Machine(this);
            machine = known;
        }
        return known;
    }

    public Target target() {
        return target;
    }

    /** Puts the kernel's configuration where libbpf looks for it. */
    public void offerConfiguration() throws IOException {
        KernelConfiguration.offer(target, context.kernel);
    }

    /** Returns a file of the run's folder. */
    public Path file(String name) {
        return context.consoleLog.resolveSibling(name);
    }

    /** Returns a future that completes when the machine has shown evidence. */
    public CompletableFuture<?> firstEvidence() {
        return watcher.firstEvidence();
    }

    /** Returns what is known of the kernel. */
    public KernelInfo kernel() {
        return context.kernel;
    }

    /** Returns the scenario's id. */
    public String id() {
        return context.scenario.id();
    }

    /** Returns where a variable of the scenario's own file lies, which may have any value. */
    public ControlSet.Position position(String global) throws IOException {
        return ControlSet.Position.of(global, 0, bpf().global(global));
    }

    /** Returns the object of the scenario's own file. */
    public BpfObject bpf() {
        if (objects.isEmpty() || context.scenario.bpf().isEmpty()) {
            throw new IllegalStateException(
                    context.scenario.id() + " names no BPF C file: give it one with bpf = \"...\"");
        }
        return objects.get(0);
    }

    /** Loads one more object, for example that of a tracer, or returns the one that the preparation has loaded. */
    public BpfObject load(String source, UnaryOperator<BpfObjectSpec> before) throws IOException {
        BpfObject there = preparing ? null : loadedBefore.remove(source);
        if (there != null && !there.isClosed()) {
            if (before != AS_IT_IS) {
                throw new IllegalStateException(source
                        + " was loaded by a @BeforeSnapshot method: set there what is to be set before, and write"
                        + " globals here");
            }
            return there;
        }
        try {
            byte[] object = context.compiler.compile(source);
            BpfObjectFile file = BpfObjectFile.parse(source, object);
            KernelConfiguration.offer(target, context.kernel, file);
            BpfObject loaded = before.apply(BpfObject.open(file)).load(target);
            loaded(loaded, symbols.plus(loaded.symbols()));
            if (preparing) {
                loadedBefore.put(source, loaded);
            }
            return loaded;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while compiling " + source, e);
        }
    }

    /**
     * Begins the storm that the run's settings ask for, if they do.
     *
     * @throws UnsupportedTargetException if this target cannot have one
     */
    public void beginStorm() throws IOException {
        if (context.mode.storm().isPresent()) {
            nmi().beginStorm();
        }
    }

    /** What a storm came to cannot be read from a machine that is gone; the watch says that it is. */
    private void endStorm() {
        if (nmi.isEmpty()) {
            return;
        }
        try {
            nmi.get().endStorm();
        } catch (IOException e) {
            LOG.debug("the storm's last count is not known", e);
        }
    }

    /** Returns the run's NMIs. */
    public Nmi nmi() {
        return nmi.orElseThrow(() -> new UnsupportedTargetException("this target takes no NMIs from outside"));
    }

    public ControlSet controls() {
        return controls;
    }

    public ReportedRefusals reports() {
        return reports;
    }

    /** Remembers one of the agent's own processes, so that it is ended with the run. */
    public GuestProcess worker(String name, GuestProcess process) {
        exits.addWorker(name, process.watch());
        processes.add(process);
        return process;
    }

    /** Starts a program. */
    @FunctionalInterface
    public interface Start {
        /**
         * Starts it.
         *
         * @param output where what it prints goes
         */
        GuestProcess start(Path output) throws IOException;
    }

    /** Starts a program whose end is a control of the run, and remembers it, so that it is ended with the run. */
    public GuestProcess program(String program, Start start) throws IOException {
        String name = exits.unique(program);
        try {
            GuestProcess process = start.start(context.consoleLog.resolveSibling(name));
            exits.addProgram(name, process.watch());
            processes.add(process);
            return process;
        } catch (IOException e) {
            exits.addUnstarted(name, String.valueOf(e.getMessage()));
            throw e;
        }
    }

    /** Starts the program that is the experiment: that it ends well is what was to be shown. */
    public GuestProcess experiment(String program, Start start) throws IOException {
        exits.isExperiment(exits.unique(program));
        return program(program, start);
    }

    /** Returns the controls of the run's processes. */
    public ProcessControls exits() {
        return exits;
    }

    /** Returns the symbols of the programs that are loaded. */
    public List<Symbol> programs() {
        return objects.stream().flatMap(object -> object.symbols().stream()).toList();
    }

    /**
     * Watches until all is seen that there is to see.
     *
     * @param first controls beside those of the run
     * @param hopeless whether a control cannot pass any more
     */
    public Watcher.Seen watch(List<Control> first, boolean hopeless) {
        boolean missed = nmi.map(source -> !source.misses().isEmpty()).orElse(false);
        Watcher.Times times = new Watcher.Times(
                watchFor,
                over,
                exits::isLost,
                controls.isBounded() ? LATE : Duration.ZERO,
                context.busy.plus(controls.longest()));
        watchBegan = OptionalLong.of(System.nanoTime());
        try {
            return watcher.watch(() -> readControls(first), reports, hopeless || missed, times);
        } finally {
            watchEnded = OptionalLong.of(System.nanoTime());
            endStorm();
        }
    }

    private List<Control> readControls(List<Control> first) throws IOException {
        List<Control> all = new ArrayList<>(first);
        if (nmi.isPresent()) {
            if (nmi.get().asked() > 0) {
                all.add(Control.stimulus(
                        "nmi", nmi.get().asked(), nmi.get().landings().size()));
            }
            Stream.concat(nmi.get().bursts().stream(), nmi.get().stormSoFar().stream())
                    .forEach(burst -> all.add(Control.stimulus(burst.source(), burst.required(), burst.taken())));
        }
        all.addAll(controls.read());
        List<Control> ends = exits.read();
        // That a process ends well or the kernel checks itself makes no experiment of one that checks nothing.
        if (!all.isEmpty() || exits.hasExperiment() || !ends.stream().allMatch(Control::passed)) {
            all.addAll(ends);
            for (SelfCheck check : checks) {
                boolean on = check.isOn();
                // Beside a console that is read it is worth a word only if it fails.
                if (!on || !check.findsUnprinted()) {
                    all.add(Control.observer(check.id(), 1, on ? 1 : 0));
                }
            }
        }
        return all;
    }

    /** Has the machine watched for so much of its own time after the scenario's code; the longest of several counts. */
    public void watchFor(Duration time) {
        if (time.isNegative() || time.isZero() || time.compareTo(LONGEST_WATCH) > 0) {
            throw new IllegalArgumentException("a machine can be watched for up to " + LONGEST_WATCH.toHours()
                    + " h, and not for " + time.toMillis() + " ms");
        }
        watchFor = watchFor.filter(longer -> longer.compareTo(time) > 0).or(() -> Optional.of(time));
    }

    /** Has the machine watched for up to so much of its own time after the scenario's code: until something is over. */
    public void watchUntil(BooleanSupplier end, Duration most) {
        watchFor(most);
        over = end;
    }

    public Watcher watcher() {
        return watcher;
    }

    /** Returns where the NMIs landed, and what was passed over on the console, for people. */
    public List<String> notes() {
        return Stream.of(
                        nmi.stream()
                                .flatMap(source -> Stream.of(
                                        source.landings().stream().map(Landing::toString),
                                        source.bursts().stream().map(Object::toString),
                                        source.misses().stream()))
                                .flatMap(lines -> lines),
                        watcher.pending().stream(),
                        watcher.ignored().stream(),
                        exits.notes())
                .flatMap(lines -> lines)
                .toList();
    }

    /** Returns the NMIs that arrived, and the sources that sent many. */
    public List<NmiRecord> nmis() {
        if (context.mode.equals(NmiMode.NONE) || nmi.isEmpty()) {
            return List.of();
        }
        return Stream.concat(
                        nmi.get().landings().stream().map(this::record),
                        nmi.get().bursts().stream()
                                .map(burst -> new NmiRecord(
                                        burst.how(),
                                        OptionalInt.empty(),
                                        OptionalLong.empty(),
                                        Optional.empty(),
                                        Optional.empty(),
                                        OptionalLong.of(atMs(burst.beganNanos())))))
                .toList();
    }

    private NmiRecord record(Landing landing) {
        return new NmiRecord(
                "aimed at " + landing.where(),
                OptionalInt.of(landing.cpu()),
                OptionalLong.of(landing.address()),
                Optional.of(landing.where()),
                landing.task(),
                OptionalLong.of(atMs(landing.atNanos())));
    }

    private long atMs(long nanos) {
        return (nanos - context.started) / 1_000_000;
    }

    /** Returns what the CPUs were seen in while the machine was watched. */
    public List<SampledSpan> samples() {
        return watcher.samples();
    }

    /** Returns what happened, in order, up to the verdict. */
    public List<TimelineEvent> timeline(long nowMs, Verdict verdict) {
        List<TimelineEvent> events = new ArrayList<>();
        events.add(new TimelineEvent(atMs(beganNanos), OptionalInt.empty(), "prepared", context.kernel.release()));
        for (NmiRecord sent : nmis()) {
            events.add(new TimelineEvent(sent.atMs().orElse(0), sent.cpu(), "nmi", sent.source()));
        }
        events.addAll(watcher.timeline());
        watchBegan.ifPresent(
                at -> events.add(new TimelineEvent(atMs(at), OptionalInt.empty(), "watch", "its code is over")));
        events.sort(Comparator.comparingLong(TimelineEvent::atMs));
        events.add(new TimelineEvent(nowMs, OptionalInt.empty(), "verdict", verdict.name()));
        return events;
    }

    /** Returns for how long the machine was watched after the scenario's code. */
    public OptionalLong watchedMs() {
        return watchBegan.isPresent() && watchEnded.isPresent()
                ? OptionalLong.of((watchEnded.getAsLong() - watchBegan.getAsLong()) / 1_000_000)
                : OptionalLong.empty();
    }

    /** Takes out of the machine what was put there. */
    public void clear() throws IOException {
        for (GuestProcess process : processes) {
            if (!process.isReaped()) {
                process.exitAndReap();
            }
        }
        for (BpfObject object : objects) {
            object.close();
        }
    }
}
