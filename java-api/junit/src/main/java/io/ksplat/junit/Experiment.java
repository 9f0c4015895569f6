// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.forensics.KernelInside;
import io.ksplat.guest.BpfObject;
import io.ksplat.guest.Checkpoint;
import io.ksplat.guest.Guest;
import io.ksplat.guest.KernelFacts;
import io.ksplat.guest.Lockdep;
import io.ksplat.guest.OpenedBpf;
import io.ksplat.guest.Template;
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
import io.ksplat.nmi.NmiMode;
import io.ksplat.nmi.Volley;
import io.ksplat.report.KernelName;
import io.ksplat.report.Report;
import io.ksplat.report.RunRecord;
import io.ksplat.report.Timings;
import io.ksplat.vm.GuestMemory;
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
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run of one test method: a machine is made ready, the method does its work, the machine is judged from outside. */
final class Experiment {
    private static final Logger LOG = LoggerFactory.getLogger(Experiment.class);

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

    private final Staging staging;

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
    private String accelerator = "";
    private boolean returned;

    Experiment(Lab lab, Settings settings, Subject subject, Optional<SharedMachine> shared) throws IOException {
        this(lab, settings, subject, shared, settings.anchor().map(Settings.Anchoring::folder));
    }

    private Experiment(
            Lab lab, Settings settings, Subject subject, Optional<SharedMachine> shared, Optional<Path> aside)
            throws IOException {
        this.aside = aside;
        this.staging = new Staging(lab, settings, subject, shared, aside.isPresent());
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
        staging.waits();
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
            if (staging.interrupted().isEmpty()) {
                throw e;
            }
            decide(Verdict.ERROR, "", List.of());
        } finally {
            staging.waitsNoLonger();
        }
        lab.timeSpent().add("set-up", started);
    }

    private void prepare(Preparation preparation) throws IOException, InterruptedException, KernelException {
        KernelFacts kernel = lab.kernel(settings.kernel());
        accelerator = kernel.accelerator().id();
        kernelName = new KernelName(
                settings.kernel().toString(),
                kernel.release(),
                kernel.kernel().key(),
                kernel.kernel().configDigest());
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
        staging.throwIfInterrupted();
        lab.progress().report(subject.id() + ": running on " + kernel.release());
    }

    /** Goes on in a machine that was frozen after its set-up, or sets one up, and freezes it where that is worth it. */
    private void makeReady(KernelFacts kernel, Path consoleLog, Preparation preparation)
            throws IOException, InterruptedException {
        Checkpoints.Key key = new Checkpoints.Key(subject, kernel.kernel().key());
        Optional<Checkpoints.SetUp> known =
                staging.mayBeFrozen() ? lab.checkpoints().find(key) : Optional.empty();
        if (known.isPresent() && resume(kernel, key, known.get(), consoleLog)) {
            return;
        }
        Optional<BpfObjectFile> program = compile(kernel);
        boolean freezing = staging.mayBeFrozen()
                && settings.more() >= WORTH_FREEZING
                && lab.checkpoints().claim(key)
                && staging.startOwn(kernel, consoleLog);
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
        try {
            Guest running = staging.resume(setUp.checkpoint(), consoleLog);
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
            staging.throwIfInterrupted();
            lab.progress()
                    .report(subject.id() + ": a frozen machine is of no use, setting up another: " + e.getMessage());
            lab.checkpoints().remove(key);
            staging.end();
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
            staging.throwIfInterrupted();
            lab.progress().report(subject.id() + ": could not be frozen, setting up another: " + e.getMessage());
            staging.end();
            return false;
        }
    }

    private void start(KernelFacts kernel, Path consoleLog) throws IOException, InterruptedException {
        // Others like it are not wanted where the ones to come are restored after their set-up.
        staging.start(kernel, consoleLog, settings.more() >= WORTH_FREEZING ? 0 : settings.more());
    }

    private Guest running() {
        return staging.guest().orElseThrow(() -> new IllegalStateException("there is no machine: " + decision));
    }

    /** The test method, which began at a {@link System#nanoTime()}, is over. */
    void methodEnded(long nanos) {
        lab.timeSpent().add("test method", nanos);
    }

    /** What the set-up threw, where it did: then the test method must not run. */
    Optional<Throwable> setUpFailure() {
        return setUpFailure;
    }

    private AnchorPlan plan(Settings.Anchoring anchoring) {
        return new AnchorPlan(anchoring.symbol(), anchoring.hit(), where -> {
            Anchor anchor = new Anchor(
                    subject.id(),
                    kernelName.spec(),
                    kernelName.key(),
                    qemu(),
                    anchoring.symbol(),
                    where.cpu(),
                    staging.cpus(),
                    staging.memoryMiB(),
                    controls.positions(),
                    objects.stream()
                            .flatMap(object -> object.symbols().stream())
                            .map(jited -> new Anchor.Program(jited.name(), jited.address(), jited.size()))
                            .toList());
            Template.freezeStanding(running(), anchoring.folder());
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
            staging.end();
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
        Nmi source = nmi;
        if (source == null) {
            throw new IllegalStateException("there is no machine: " + decision);
        }
        Machine made = new Machine(running(), source, controls, testimony, this::load);
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
    private BpfObject load(String source, UnaryOperator<OpenedBpf> before) throws IOException {
        BpfObject there = settingUp ? null : loadedInSetUp.remove(source);
        if (there != null && !there.isClosed()) {
            if (before != Machine.AS_IT_IS) {
                throw new IllegalStateException(
                        source + " was loaded by a @BeforeFreeze method: set there what is to be"
                                + " set before, and here write globals");
            }
            return there;
        }
        Guest machine = running();
        try {
            KernelFacts kernel = lab.kernel(settings.kernel());
            byte[] object = BpfBuild.object(
                    subject.type(), source, subject.macros(kernel.btf()), kernel.headers(), lab.cache());
            BpfObject loaded = before.apply(BpfObject.open(BpfObjectFile.parse(source, object)))
                    .load(machine);
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
        staging.interrupt(reason);
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
            if (run.verdict() == Verdict.CRASH && staging.interrupted().isEmpty() && aside.isEmpty()) {
                staging.end();
                run = confirm(run, rerun);
            }
            reached = Optional.of(run.verdict());
            if (runFolder != null) {
                staging.keepConsole(runFolder);
            }
            if (aside.isEmpty()) {
                long judged = System.nanoTime();
                report.end(run);
                lab.timeSpent().add("report", judged);
            }
            return run;
        } finally {
            long alive = System.nanoTime();
            staging.giveBack(reached.equals(Optional.of(Verdict.CLEAN)), this::clear);
            lab.timeSpent().add("end of the machine", alive);
            lab.ended(this);
        }
    }

    /** Takes out of the machine what this test put there. */
    private void clear() throws IOException {
        machine().endChildren();
        for (BpfObject object : objects) {
            object.close();
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
        if (watching == null || staging.guest().isEmpty()) {
            return record(new Decision(Verdict.ERROR, "the experiment was not set up", List.of()), List.of());
        }
        thrown.ifPresent(failure -> LOG.debug("{} ended with an exception", subject.id(), failure));
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
        Judgement judgement = Judgement.of(outcome, subject.judged(), thrown, staging.interrupted());
        if (judgement.verdict() == Verdict.UNSUPPORTED) {
            expected = settings.expect().orElse(Verdict.UNSUPPORTED);
        }
        return record(
                new Decision(judgement.verdict(), judgement.message().orElse(""), outcome.evidence()),
                outcome.controls());
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
        notes.addAll(0, staging.remarks());
        Observation watching = observation;
        if (watching != null) {
            notes.addAll(watching.ignored());
        }
        OptionalLong firstEvidence = watching == null ? OptionalLong.empty() : watching.firstEvidenceMs();
        return new RunRecord(
                subject.id(),
                kernelName,
                settings.attempt(),
                staging.bootRetries(),
                decided.verdict,
                expected,
                decided.message.isEmpty() ? Optional.empty() : Optional.of(decided.message),
                decided.evidence,
                observed,
                notes,
                new Timings(
                        staging.bootMs(),
                        staging.restoreMs(),
                        firstEvidence,
                        (System.nanoTime() - started) / 1_000_000),
                accelerator,
                staging.origin(),
                nmis(),
                because);
    }

    private List<String> nmis() {
        Nmi source = nmi;
        if (source == null || settings.nmi() == NmiMode.NONE) {
            return List.of();
        }
        return Stream.concat(
                        source.landings().stream().map(at -> "aimed at " + at.where() + " on CPU " + at.cpu()),
                        source.volleys().stream().map(Volley::how))
                .toList();
    }

    private void decide(Verdict verdict, String message, List<Evidence> evidence) {
        decision = staging.interrupted()
                .map(reason -> new Decision(Verdict.ERROR, reason, evidence))
                .orElseGet(() -> new Decision(verdict, message, evidence));
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
