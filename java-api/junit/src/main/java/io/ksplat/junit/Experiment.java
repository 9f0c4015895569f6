// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.VerifierException;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelException;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.snapshot.Template;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import io.ksplat.results.internal.RunLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
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

    private final RunLog report;
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
    private @Nullable Rig rig;
    private Optional<AnchorMaker> anchor = Optional.empty();
    private Optional<Throwable> setUpFailure = Optional.empty();
    private String accelerator = "";

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
        KernelInfo kernel = lab.kernel(settings.kernel());
        accelerator = kernel.accelerator().id();
        kernelName = new KernelName(
                settings.kernel().toString(),
                kernel.release(),
                kernel.kernel().key(),
                kernel.kernel().configDigest());
        anchor = settings.anchor().map(anchoring -> new AnchorMaker(anchoring, lab, subject, kernelName, staging));
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
    private void makeReady(KernelInfo kernel, Path consoleLog, Preparation preparation)
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

    private Optional<BpfObjectFile> compile(KernelInfo kernel) throws IOException, InterruptedException {
        if (subject.source().isEmpty()) {
            return Optional.empty();
        }
        BpfObjectFile file = BpfObjectFile.parse(subject.bpf(), lab.object(subject, kernel));
        subject.check(file);
        return Optional.of(file);
    }

    private void setUp(KernelInfo kernel, Optional<BpfObjectFile> program, Preparation preparation) throws IOException {
        rig = null;
        Rig made = Rig.in(running(), program, occasion(kernel));
        rig = made;
        setUpFailure = made.prepare(preparation);
    }

    private Rig.Occasion occasion(KernelInfo kernel) {
        return new Rig.Occasion(
                lab, subject, kernel, settings.nmi(), anchor.map(maker -> maker.plan(this::rig)), started);
    }

    private Rig rig() {
        Rig known = rig;
        if (known == null) {
            throw new IllegalStateException("there is no machine: " + decision);
        }
        return known;
    }

    /** False where nothing came of it, and a machine is still to be set up. */
    private boolean resume(KernelInfo kernel, Checkpoints.Key key, Checkpoints.SetUp setUp, Path consoleLog)
            throws IOException, InterruptedException {
        try {
            rig = null;
            rig = Rig.again(staging.resume(setUp.checkpoint(), consoleLog), setUp, occasion(kernel));
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
    private boolean freeze(KernelInfo kernel, Checkpoints.Key key, Path consoleLog)
            throws IOException, InterruptedException {
        try {
            Checkpoints.SetUp setUp = rig().freeze();
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

    private void start(KernelInfo kernel, Path consoleLog) throws IOException, InterruptedException {
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
            anchor.orElseThrow().checkMade(thrown);
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
        return rig().machine();
    }

    BpfObject bpf() {
        return rig().bpf();
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
            staging.giveBack(reached.equals(Optional.of(Verdict.CLEAN)), () -> rig().clear());
            lab.timeSpent().add("end of the machine", alive);
            lab.ended(this);
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
        Rig known = rig;
        if (known == null || staging.guest().isEmpty()) {
            return record(new Decision(Verdict.ERROR, "the experiment was not set up", List.of()), List.of());
        }
        thrown.ifPresent(failure -> LOG.debug("{} ended with an exception", subject.id(), failure));
        lab.progress().report(subject.id() + ": watching");
        List<Control> method =
                subject.judged() ? List.of() : List.of(Control.effect("test", 1, thrown.isEmpty() ? 1 : 0));
        long begin = System.nanoTime();
        Observation.Outcome outcome = known.watch(method, thrown.isPresent());
        lab.timeSpent().add("watching", begin);
        if (!outcome.evidence().isEmpty()) {
            preserve(known.observation());
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

    private RunRecord record(Decision decided, List<Control> observed) {
        Optional<Rig> known = Optional.ofNullable(rig);
        notes.addAll(0, staging.remarks());
        known.map(Rig::notes).ifPresent(notes::addAll);
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
                        known.map(there -> there.observation().firstEvidenceMs())
                                .orElse(OptionalLong.empty()),
                        (System.nanoTime() - started) / 1_000_000),
                accelerator,
                staging.origin(),
                known.map(Rig::nmis).orElse(List.of()),
                because);
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
