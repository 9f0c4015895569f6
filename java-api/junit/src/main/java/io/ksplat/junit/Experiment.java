// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.forensics.KernelInside;
import io.ksplat.guest.BpfObject;
import io.ksplat.guest.Checkpoint;
import io.ksplat.guest.Guest;
import io.ksplat.guest.KernelFacts;
import io.ksplat.guest.Lockdep;
import io.ksplat.guest.Template;
import io.ksplat.guest.Templates;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Symbols;
import io.ksplat.libbpf.BpfException;
import io.ksplat.libbpf.BpfObjectFile;
import io.ksplat.libbpf.VerifierException;
import io.ksplat.nmi.Anchor;
import io.ksplat.nmi.AnchorPlan;
import io.ksplat.nmi.Inside;
import io.ksplat.nmi.Landing;
import io.ksplat.nmi.Nmi;
import io.ksplat.nmi.Volley;
import io.ksplat.report.KernelName;
import io.ksplat.report.Report;
import io.ksplat.report.RunRecord;
import io.ksplat.report.Timings;
import io.ksplat.vm.Accelerator;
import io.ksplat.vm.GuestMemory;
import io.ksplat.vm.MachineConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run of one test method: a machine is made ready, the method does its work, the machine is judged from outside. */
final class Experiment {
    private static final Logger LOG = LoggerFactory.getLogger(Experiment.class);
    private static final int CPUS = 2;
    private static final int MEMORY_MIB = 256;

    /** Freezing a machine after its set-up takes as long as setting two up. */
    private static final int WORTH_FREEZING = 2;

    private final Lab lab;
    private final Settings settings;
    private final Subject subject;
    private final long started = System.nanoTime();
    private final Controls controls = new Controls();
    private final Testimony testimony = new Testimony();

    private final Report report;
    /** Where a second attempt, or one that ends in an anchor, keeps its files: it is no run of the report. */
    private final Optional<Path> aside;
    /** Where the machine comes from and goes to, for a test that shares it with others. */
    private final Optional<SharedMachine> shared;

    private KernelName kernelName;
    private Verdict expected;
    private Optional<String> because = Optional.empty();
    private @Nullable Decision decision;
    private boolean concluded;
    private @Nullable Path runFolder;
    private final List<String> notes = new ArrayList<>();
    private @Nullable Symbols symbols;
    private @Nullable Nmi nmi;
    private @Nullable Machine machine;
    private final List<BpfObject> objects = new ArrayList<>();
    /** By source, until the test method asks for them. */
    private final Map<String, BpfObject> loadedInSetUp = new HashMap<>();

    private boolean settingUp;
    private Optional<Throwable> setUpFailure = Optional.empty();
    private boolean anchored;
    private @Nullable Observation observation;
    private Optional<Lockdep> lockdep = Optional.empty();
    private int bootRetries;
    private OptionalLong bootMs = OptionalLong.empty();
    private OptionalLong restoreMs = OptionalLong.empty();
    private String origin = "boot";
    private String accelerator = "";
    private boolean returned;

    /** Written by the thread that interrupts, too. */
    private volatile @Nullable Guest guest;

    private volatile @Nullable String interrupted;

    private @Nullable Thread preparing;

    Experiment(Lab lab, Settings settings, Subject subject, Optional<SharedMachine> shared) throws IOException {
        this(lab, settings, subject, shared, settings.anchor().map(Settings.Anchoring::folder));
    }

    private Experiment(
            Lab lab, Settings settings, Subject subject, Optional<SharedMachine> shared, Optional<Path> aside)
            throws IOException {
        this.shared = shared;
        this.aside = aside;
        this.lab = lab;
        this.settings = settings;
        this.subject = subject;
        String spec = settings.kernel().toString();
        this.kernelName = new KernelName(spec, "", spec.replaceAll("[^A-Za-z0-9._+-]", "_"));
        this.expected = settings.expect().orElse(Verdict.CLEAN);
        this.report = lab.report(settings.report());
    }

    /** A verdict that was reached before, or instead of, the experiment. */
    private record Decision(Verdict verdict, String message, List<Evidence> evidence) {}

    /** What a reproducer does to its machine before it may be frozen. */
    @FunctionalInterface
    interface Preparation {
        void run() throws Throwable;
    }

    /** Makes machine and programs ready, or decides why that cannot be. */
    void setUp(Preparation preparation) throws InterruptedException {
        synchronized (this) {
            preparing = Thread.currentThread();
        }
        try {
            lab.begins(this);
            prepare(preparation);
        } catch (VerifierException refusal) {
            keepLog(refusal);
            decide(Verdict.REJECTED, String.valueOf(refusal.getMessage()), List.of(rejection(refusal)));
        } catch (BpfException e) {
            decide(
                    Verdict.ERROR,
                    e.getMessage() + (e.log().isBlank() ? "" : "\n" + e.log().strip()),
                    List.of());
        } catch (KernelException | IOException | RuntimeException e) {
            LOG.debug("set-up of {} failed", subject.id(), e);
            decide(Verdict.ERROR, String.valueOf(e.getMessage()), List.of());
        } catch (InterruptedException e) {
            if (interrupted == null) {
                throw e;
            }
            decide(Verdict.ERROR, "", List.of());
        } finally {
            synchronized (this) {
                preparing = null;
                // The report is still to be written, and an interrupted thread writes no file.
                if (interrupted != null && Thread.interrupted()) {
                    LOG.debug("{} was interrupted in its set-up", subject.id());
                }
            }
        }
        lab.timeSpent().add("set-up", started);
    }

    private void prepare(Preparation preparation) throws IOException, InterruptedException, KernelException {
        KernelFacts kernel = lab.kernel(settings.kernel());
        accelerator = kernel.accelerator().id();
        kernelName = new KernelName(
                settings.kernel().toString(), kernel.release(), kernel.kernel().key());
        expected = settings.expect().orElseGet(() -> subject.expectedOn(kernel.release()));
        because = settings.expect().isPresent() ? Optional.empty() : subject.reasonOn(kernel.release());
        Path folder = aside.isPresent()
                ? Files.createDirectories(aside.get())
                : report.begin(subject.id(), kernelName, settings.attempt(), expected);
        runFolder = folder;
        Optional<String> disabled = subject.disabledOn(kernel.release());
        if (disabled.isPresent()) {
            expected = settings.expect().orElse(Verdict.UNSUPPORTED);
            decide(Verdict.UNSUPPORTED, disabled.get(), List.of());
            return;
        }
        Optional<String> lacks = subject.lacks(kernel.btf());
        if (lacks.isPresent()) {
            if (!subject.saysWhatItExpects()) {
                expected = settings.expect().orElse(Verdict.UNSUPPORTED);
            }
            decide(Verdict.UNSUPPORTED, kernel.release() + " has no " + lacks.get(), List.of());
            return;
        }
        makeReady(kernel, folder.resolve("console.log"), preparation);
        lab.progress().step("attempt");
        throwIfInterrupted();
        lab.progress().report(subject.id() + ": running on " + kernel.release());
    }

    /** Goes on in a machine that was frozen after its set-up, or sets one up, and freezes it where that is worth it. */
    private void makeReady(KernelFacts kernel, Path consoleLog, Preparation preparation)
            throws IOException, InterruptedException {
        Checkpoints.Key key = new Checkpoints.Key(subject, kernel.kernel().key());
        boolean pristine = !isFresh() && shared.isEmpty();
        Optional<Checkpoints.SetUp> known = pristine ? lab.checkpoints().find(key) : Optional.empty();
        if (known.isPresent() && resume(kernel, key, known.get(), consoleLog)) {
            return;
        }
        Optional<BpfObjectFile> program = compile(kernel);
        boolean freezing = pristine
                && settings.more() >= WORTH_FREEZING
                && lab.checkpoints().claim(key)
                && startOwn(kernel, consoleLog);
        if (!freezing) {
            start(kernel, consoleLog);
        }
        setUp(kernel, program, preparation);
        if (freezing && setUpFailure.isEmpty() && !freeze(kernel, key, consoleLog)) {
            start(kernel, consoleLog);
            setUp(kernel, program, preparation);
        }
    }

    private Nmi nmi(KernelFacts kernel, Symbols known, Observation watching) {
        Guest running = running();
        return new Nmi(
                running,
                kernel.kernel(),
                known,
                inside(new KernelInside(kernel, known, running.heartbeats().cpus())),
                settings.nmi(),
                watching::hasFound,
                settings.anchor().map(this::plan));
    }

    private static Inside inside(KernelInside kernel) {
        return new Inside() {
            @Override
            public Optional<String> task(GuestMemory memory, int cpu) {
                return kernel.task(memory, cpu);
            }

            @Override
            public OptionalLong nmis(GuestMemory memory, int cpu) {
                return kernel.nmis(memory, cpu);
            }
        };
    }

    private boolean isFresh() {
        return settings.fresh() || aside.isPresent() || !lab.hasTemplates();
    }

    private Optional<BpfObjectFile> compile(KernelFacts kernel) throws IOException, InterruptedException {
        if (subject.source().isEmpty()) {
            return Optional.empty();
        }
        BpfObjectFile file = BpfObjectFile.parse(subject.bpf(), lab.object(subject, kernel));
        subject.check(file);
        return Optional.of(file);
    }

    private void setUp(KernelFacts kernel, Optional<BpfObjectFile> program, Preparation preparation)
            throws IOException {
        Guest running = running();
        Symbols known = kernel.symbolsAt(running.kernel().text());
        lockdep = Lockdep.of(running, known);
        Observation watching = begin(kernel, known);
        running.beginExperiment(Long.toHexString(System.nanoTime()), watching);
        if (program.isPresent()) {
            loaded(BpfObject.load(running, program.get()));
        }
        nmi = nmi(kernel, loadedSymbols(), watching);
        settingUp = true;
        try {
            preparation.run();
            checkSetUp();
        } catch (VerifierException refusal) {
            throw refusal;
        } catch (Throwable t) {
            // As one of the test method: the machine is judged, whatever became of the method.
            setUpFailure = Optional.of(t);
        } finally {
            settingUp = false;
        }
    }

    /** Forgets what belonged to another machine. */
    private Observation begin(KernelFacts kernel, Symbols known) {
        Observation watching = new Observation(running(), kernel, known, lab.cache(), started);
        observation = watching;
        symbols = known;
        machine = null;
        objects.clear();
        loadedInSetUp.clear();
        return watching;
    }

    private Symbols loadedSymbols() {
        return Objects.requireNonNull(symbols, "there is no machine");
    }

    /** Always, not only where the machine is frozen: what works once must work a hundred times. */
    private void checkSetUp() {
        Nmi source = nmi;
        if (!controls.isEmpty() || !testimony.isEmpty() || (source != null && source.asked() > 0)) {
            throw new IllegalStateException("controls, testimony and NMIs belong into the test method:"
                    + " what a @BeforeFreeze method does is done once for many attempts");
        }
        machine = null;
    }

    private void loaded(BpfObject object) {
        loaded(object, loadedSymbols().plus(object.symbols()));
    }

    private void loaded(BpfObject object, Symbols withIt) {
        objects.add(object);
        symbols = withIt;
        Observation watching = observation;
        if (watching != null) {
            watching.loaded(object, withIt);
        }
    }

    /** False where nothing came of it, and a machine is still to be set up. */
    private boolean resume(KernelFacts kernel, Checkpoints.Key key, Checkpoints.SetUp setUp, Path consoleLog)
            throws IOException, InterruptedException {
        Templates templates = lab.templates();
        try {
            Guest running = started(templates.resume(setUp.checkpoint(), consoleLog, settings.more()));
            Observation watching = begin(kernel, setUp.symbols());
            running.resumeExperiment(watching);
            lockdep = setUp.lockdep().map(proof -> proof.in(running));
            setUp.bpf().ifPresent(own -> loaded(own.in(running), setUp.symbols()));
            setUp.loaded().forEach((source, object) -> {
                BpfObject there = object.in(running);
                loaded(there, setUp.symbols());
                loadedInSetUp.put(source, there);
            });
            nmi = nmi(kernel, setUp.symbols(), watching);
            return true;
        } catch (IOException e) {
            throwIfInterrupted();
            lab.progress()
                    .report(subject.id() + ": a frozen machine is of no use, setting up another: " + e.getMessage());
            lab.checkpoints().remove(key);
            close();
            return false;
        }
    }

    /** Freezes the machine as it is after its set-up, and goes on in one that is restored from that; false where none is left. */
    private boolean freeze(KernelFacts kernel, Checkpoints.Key key, Path consoleLog)
            throws IOException, InterruptedException {
        Map<String, BpfObject> more = new HashMap<>(loadedInSetUp);
        more.values().removeIf(BpfObject::isClosed);
        Optional<BpfObject> own = subject.source().map(file -> bpf()).filter(object -> !object.isClosed());
        try {
            Checkpoints.SetUp setUp =
                    new Checkpoints.SetUp(Checkpoint.of(running()), loadedSymbols(), own, more, lockdep);
            lab.checkpoints().add(key, setUp);
            return resume(kernel, key, setUp, consoleLog);
        } catch (Template.Splatted e) {
            LOG.debug("{} goes on unfrozen", subject.id(), e);
            notes.add(String.valueOf(e.getMessage()));
            return true;
        } catch (IOException e) {
            throwIfInterrupted();
            lab.progress().report(subject.id() + ": could not be frozen, setting up another: " + e.getMessage());
            close();
            return false;
        }
    }

    private MachineConfig config(KernelFacts kernel) throws IOException, InterruptedException {
        Accelerator accelerator = aside.isPresent() ? Accelerator.TCG : kernel.accelerator();
        return lab.host().config(kernel.kernel(), accelerator, CPUS, MEMORY_MIB, subject.bootParameters());
    }

    private void start(KernelFacts kernel, Path consoleLog) throws IOException, InterruptedException {
        Optional<SharedMachine.Kept> kept = shared.flatMap(SharedMachine::take);
        if (kept.isPresent()) {
            guest = kept.get().guest();
            origin = kept.get().origin();
            throwIfInterrupted();
            return;
        }
        MachineConfig config = config(kernel);
        lab.progress()
                .report(subject.id() + ": starting " + kernel.release() + " ("
                        + config.accelerator().id() + (isFresh() ? ", booting" : "") + ")");
        // Others like it are not wanted where the ones to come are restored after their set-up.
        int more = settings.more() >= WORTH_FREEZING ? 0 : settings.more();
        started(
                isFresh()
                        ? boot(config, consoleLog)
                        : lab.templates().start(kernel.kernel(), config, consoleLog, more, lab.progress()));
    }

    /** A machine that can be frozen; false where there can be none. */
    private boolean startOwn(KernelFacts kernel, Path consoleLog) throws IOException, InterruptedException {
        lab.progress().report(subject.id() + ": setting up " + kernel.release() + " to be frozen");
        try {
            started(lab.templates().startOwn(kernel.kernel(), config(kernel), consoleLog, lab.progress()));
            return true;
        } catch (IOException e) {
            throwIfInterrupted();
            lab.progress().report(subject.id() + ": cannot be frozen after its set-up: " + e.getMessage());
            return false;
        }
    }

    private Guest started(Templates.Started started) throws IOException {
        guest = started.guest();
        throwIfInterrupted();
        bootRetries += started.bootRetries();
        bootMs = started.bootMs().isPresent() ? started.bootMs() : bootMs;
        restoreMs = started.restoreMs();
        origin = started.origin();
        started.why().ifPresent(notes::add);
        return started.guest();
    }

    private Guest running() {
        Guest running = guest;
        if (running == null) {
            throw new IllegalStateException("there is no machine: " + decision);
        }
        return running;
    }

    /** The test method, which began at a {@link System#nanoTime()}, is over. */
    void methodEnded(long nanos) {
        lab.timeSpent().add("test method", nanos);
    }

    /** What the set-up threw, where it did: then the test method must not run. */
    Optional<Throwable> setUpFailure() {
        return setUpFailure;
    }

    private Templates.Started boot(MachineConfig config, Path consoleLog) throws IOException, InterruptedException {
        return settings.anchor().isPresent()
                ? lab.templates()
                        .bootIn(Template.ramIn(settings.anchor().get().folder()), config, consoleLog, lab.progress())
                : lab.templates().boot(config, consoleLog, lab.progress());
    }

    private AnchorPlan plan(Settings.Anchoring anchoring) {
        return new AnchorPlan(anchoring.symbol(), anchoring.hit(), where -> {
            Guest machine = guest;
            if (machine == null) {
                throw new IllegalStateException("there is no machine: " + decision);
            }
            Anchor anchor = new Anchor(
                    subject.id(),
                    kernelName.spec(),
                    kernelName.key(),
                    qemu(),
                    anchoring.symbol(),
                    where.cpu(),
                    CPUS,
                    MEMORY_MIB,
                    controls.positions(),
                    objects.stream()
                            .flatMap(object -> object.symbols().stream())
                            .map(jited -> new Anchor.Program(jited.name(), jited.address(), jited.size()))
                            .toList());
            Template.freezeStanding(machine, anchoring.folder());
            anchor.write(anchoring.folder());
            anchored = true;
        });
    }

    private String qemu() throws IOException {
        try {
            return lab.host().programs().qemuVersion();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while asking QEMU for its version", e);
        }
    }

    /** Whether this run only makes an anchor, and is not to be judged. */
    boolean isForAnchor() {
        return settings.anchor().isPresent();
    }

    /**
     * Ends a run that was to make an anchor.
     *
     * @throws IOException where it made none
     */
    void endAtAnchor(Optional<Throwable> thrown) throws IOException {
        concluded = true;
        try {
            Decision early = decision;
            if (early != null) {
                throw new IOException(early.verdict + ": " + early.message);
            }
            if (!anchored) {
                throw new IOException(
                        thrown.map(Throwable::getMessage)
                                .orElse(subject.id() + " aims no NMI: there is nothing in its place to freeze at"),
                        thrown.orElse(null));
            }
        } finally {
            close();
            lab.ended(this);
        }
    }

    private void keepLog(VerifierException refusal) {
        Path folder = runFolder;
        if (folder == null) {
            return;
        }
        Path log = folder.resolve("verifier.log");
        try {
            Files.writeString(log, refusal.log());
            notes.add("the verifier's whole log: " + log);
        } catch (IOException e) {
            notes.add("the verifier's log could not be kept: " + e.getMessage());
        }
    }

    /** Whether the verdict is reached, and the test method must not run. */
    boolean isDecided() {
        return decision != null;
    }

    Machine machine() {
        Machine known = machine;
        if (known != null) {
            return known;
        }
        Guest running = guest;
        Nmi source = nmi;
        if (running == null || source == null) {
            throw new IllegalStateException("there is no machine: " + decision);
        }
        Machine made = new Machine(running, source, controls, testimony, this::load);
        machine = made;
        return made;
    }

    /** The object of the file that the class names. */
    BpfObject bpf() {
        if (objects.isEmpty()) {
            throw new IllegalStateException(
                    subject.type().getName() + " names no BPF C file: give it one with bpf = \"...\"");
        }
        return objects.get(0);
    }

    Lab lab() {
        return lab;
    }

    boolean isJudged() {
        return subject.judged();
    }

    /** Where the files of the run lie. */
    Optional<Path> folder() {
        return Optional.ofNullable(runFolder);
    }

    /** Loads one more object, that of a tracer say, or gives the one that the set-up has loaded. */
    private BpfObject load(String source) throws IOException {
        BpfObject there = settingUp ? null : loadedInSetUp.remove(source);
        if (there != null && !there.isClosed()) {
            return there;
        }
        Guest machine = guest;
        if (machine == null || observation == null) {
            throw new IllegalStateException("there is no machine: " + decision);
        }
        try {
            KernelFacts kernel = lab.kernel(settings.kernel());
            byte[] object = BpfBuild.object(
                    subject.type(), source, subject.macros(kernel.btf()), kernel.headers(), lab.cache());
            BpfObject loaded = BpfObject.load(machine, BpfObjectFile.parse(source, object));
            loaded(loaded);
            if (settingUp) {
                loadedInSetUp.put(source, loaded);
            }
            return loaded;
        } catch (KernelException e) {
            throw new IOException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while compiling " + source, e);
        }
    }

    /** Ends the machine under whatever waits for it, or the wait for one that is still to come. */
    void interrupt(String reason) {
        Guest machine;
        synchronized (this) {
            interrupted = reason;
            machine = guest;
            if (preparing != null && machine == null) {
                preparing.interrupt();
            }
        }
        if (machine != null) {
            try {
                machine.close();
            } catch (IOException e) {
                LOG.debug("closing a machine", e);
            }
        }
    }

    /** Whether the run is reported; a method before the test may fail and leave a machine that nobody judged. */
    boolean isConcluded() {
        return concluded;
    }

    /** Runs the test method again, with the machine of another experiment; gives what that one concluded. */
    @FunctionalInterface
    interface Rerun {
        RunRecord on(Experiment second) throws IOException, InterruptedException;
    }

    /**
     * Judges the machine, writes the report and ends the machine. A crash counts only where a second attempt, on a freshly booted
     * machine under TCG, shows it too: QEMU's own faults, and a template frozen from an ill boot, look the same.
     *
     * @param thrown by the test method; a dead agent is no failure of the experiment
     */
    RunRecord conclude(Optional<Throwable> thrown, Rerun rerun) throws IOException, InterruptedException {
        concluded = true;
        returned = thrown.isEmpty();
        Optional<Verdict> reached = Optional.empty();
        try {
            Decision early = decision;
            RunRecord run = early != null ? record(early, List.of()) : judge(thrown);
            if (run.verdict() == Verdict.CRASH && interrupted == null && aside.isEmpty()) {
                close();
                run = confirm(run, rerun);
            }
            reached = Optional.of(run.verdict());
            keepConsole();
            if (aside.isEmpty()) {
                long judged = System.nanoTime();
                report.end(run);
                lab.timeSpent().add("report", judged);
            }
            return run;
        } finally {
            if (reached.equals(Optional.of(Verdict.CLEAN)) && shared.isPresent()) {
                handBack(shared.get());
            } else {
                long alive = System.nanoTime();
                close();
                lab.timeSpent().add("end of the machine", alive);
            }
            lab.ended(this);
        }
    }

    /** A shared machine's console is in the folder of its first run: the others get a copy. */
    private void keepConsole() throws IOException {
        Guest machine = guest;
        Path folder = runFolder;
        if (machine == null || folder == null) {
            return;
        }
        Path console = folder.resolve("console.log");
        if (!Files.exists(console)) {
            Files.copy(machine.vm().console().file(), console);
        }
    }

    /** Takes out of the machine what this test put there; a machine that does not let go is of no use to the next one. */
    private void handBack(SharedMachine owner) throws IOException {
        Guest healthy = guest;
        if (healthy == null || interrupted != null) {
            close();
            return;
        }
        try {
            machine().endChildren();
            for (BpfObject object : objects) {
                object.close();
            }
            owner.handBack(new SharedMachine.Kept(healthy, origin));
        } catch (IOException e) {
            LOG.debug("a shared machine does not let go", e);
            close();
        }
    }

    private RunRecord confirm(RunRecord first, Rerun rerun) throws IOException, InterruptedException {
        Path folder = report.folder(first).resolve("confirmation");
        lab.progress().report(subject.id() + ": a crash, trying again on a freshly booted machine");
        RunRecord second = rerun.on(new Experiment(lab, settings, subject, Optional.empty(), Optional.of(folder)));
        long totalMs = (System.nanoTime() - started) / 1_000_000;
        return Confirmation.of(first.evidence(), second.evidence())
                ? Confirmation.confirmed(first, folder, totalMs)
                : Confirmation.refuted(first, second, folder, totalMs);
    }

    private RunRecord judge(Optional<Throwable> thrown) {
        Observation watching = observation;
        Guest machine = guest;
        if (watching == null || machine == null) {
            return record(new Decision(Verdict.ERROR, "the experiment was not set up", List.of()), List.of());
        }
        thrown.ifPresent(failure -> LOG.debug("{} ended with an exception", subject.id(), failure));
        boolean asserted = !subject.judged()
                && thrown.filter(AssertionError.class::isInstance).isPresent();
        boolean broken = thrown.isPresent() && !(thrown.get() instanceof IOException);
        lab.progress().report(subject.id() + ": watching");
        Nmi source = nmi;
        boolean hopeless =
                thrown.isPresent() || (source != null && !source.misses().isEmpty());
        long begin = System.nanoTime();
        Observation.Outcome outcome = watching.watch(this::readControls, testimony, hopeless);
        lab.timeSpent().add("watching", begin);
        if (!outcome.evidence().isEmpty()) {
            preserve(watching);
        }
        Findings findings = new Findings(outcome.evidence(), outcome.controls(), outcome.everyCpuAlive());
        Verdict verdict = findings.verdict();
        Optional<String> message = outcome.trouble().or(() -> thrown.map(Throwable::toString));
        if (interrupted != null) {
            message = Optional.of(interrupted);
        }
        boolean undecided = verdict == Verdict.CLEAN || verdict == Verdict.INCONCLUSIVE;
        if (undecided
                && !subject.judged()
                && thrown.filter(TestAbortedException.class::isInstance).isPresent()) {
            verdict = Verdict.UNSUPPORTED;
            expected = settings.expect().orElse(Verdict.UNSUPPORTED);
        } else if (undecided && asserted && outcome.trouble().isEmpty() && interrupted == null) {
            verdict = Verdict.INCONCLUSIVE;
        } else if (undecided
                && (broken
                        || interrupted != null
                        || thrown.isPresent()
                        || outcome.trouble().isPresent())) {
            verdict = Verdict.ERROR;
        }
        if (verdict == Verdict.INCONCLUSIVE && message.isEmpty()) {
            message = Optional.of(whyInconclusive(outcome));
        }
        if (verdict != Verdict.ERROR && verdict != Verdict.INCONCLUSIVE && verdict != Verdict.UNSUPPORTED) {
            message = Optional.empty();
        }
        return record(new Decision(verdict, message.orElse(""), outcome.evidence()), outcome.controls());
    }

    private void preserve(Observation watching) {
        Path folder = runFolder;
        boolean keep = settings.keepDead() && lab.mayKeep();
        if (folder == null || (!keep && !settings.vmcore())) {
            return;
        }
        lab.progress().report(subject.id() + ": keeping what is left of the machine");
        try {
            notes.addAll(watching.preserve(folder.toAbsolutePath(), settings.vmcore(), keep));
        } catch (IOException e) {
            notes.add("what is left of the machine could not be kept: " + e.getMessage());
        }
    }

    private String whyInconclusive(Observation.Outcome outcome) {
        List<String> reasons = new ArrayList<>();
        outcome.controls().stream()
                .filter(control -> !control.passed())
                .forEach(control -> reasons.add(
                        "control " + control.name() + " saw " + control.observed() + " of " + control.required()));
        if (outcome.controls().isEmpty()) {
            reasons.add("the reproducer has no controls");
        }
        if (!outcome.everyCpuAlive()) {
            reasons.add("not every CPU's heart beat until the end");
        }
        return String.join("; ", reasons);
    }

    private List<Control> readControls() throws IOException {
        List<Control> all = new ArrayList<>();
        Nmi source = nmi;
        if (source != null && source.asked() > 0) {
            all.add(new Control("nmi", source.asked(), source.landings().size()));
        }
        if (source != null) {
            source.volleys()
                    .forEach(volley -> all.add(new Control(volley.source(), volley.required(), volley.taken())));
        }
        if (!subject.judged()) {
            all.add(new Control("test", 1, returned ? 1 : 0));
        }
        all.addAll(controls.read());
        // That lockdep is on makes no experiment of one that checks nothing.
        if (lockdep.isPresent() && !all.isEmpty()) {
            all.add(new Control("lockdep", 1, lockdep.get().isOn() ? 1 : 0));
        }
        return all;
    }

    private RunRecord record(Decision decided, List<Control> observed) {
        Nmi source = nmi;
        if (source != null) {
            source.landings().stream().map(Landing::toString).forEach(notes::add);
            source.volleys().stream().map(Volley::toString).forEach(notes::add);
            notes.addAll(source.misses());
        }
        Observation watching = observation;
        if (watching != null) {
            notes.addAll(watching.ignored());
        }
        OptionalLong firstEvidence = watching == null ? OptionalLong.empty() : watching.firstEvidenceMs();
        return new RunRecord(
                subject.id(),
                kernelName,
                settings.attempt(),
                bootRetries,
                decided.verdict,
                expected,
                decided.message.isEmpty() ? Optional.empty() : Optional.of(decided.message),
                decided.evidence,
                observed,
                notes,
                new Timings(bootMs, restoreMs, firstEvidence, (System.nanoTime() - started) / 1_000_000),
                accelerator,
                origin,
                because);
    }

    private void decide(Verdict verdict, String message, List<Evidence> evidence) {
        String reason = interrupted;
        decision = new Decision(reason == null ? verdict : Verdict.ERROR, reason == null ? message : reason, evidence);
    }

    private void throwIfInterrupted() throws IOException {
        String reason = interrupted;
        if (reason != null) {
            throw new IOException(reason);
        }
    }

    private void close() throws IOException {
        Guest machine = guest;
        if (machine != null) {
            machine.close();
        }
    }

    private static Evidence rejection(VerifierException refusal) {
        return new Evidence(
                EvidenceKind.VERIFIER,
                String.valueOf(refusal.getMessage()),
                "verifier:" + refusal.program() + ":" + refusal.getMessage(),
                List.of(),
                List.of(),
                List.of(),
                Source.VERIFIER,
                OptionalDouble.empty());
    }
}
