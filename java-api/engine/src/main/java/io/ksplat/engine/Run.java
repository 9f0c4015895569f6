// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.BpfProgramInfo;
import io.ksplat.bpf.KernelLacksException;
import io.ksplat.bpf.VerifierException;
import io.ksplat.engine.internal.BpfSources;
import io.ksplat.engine.internal.CodeLine;
import io.ksplat.engine.internal.CrashConfirmation;
import io.ksplat.engine.internal.Fixture;
import io.ksplat.engine.internal.LeftReportsException;
import io.ksplat.engine.internal.MachineLease;
import io.ksplat.engine.internal.RunVerdict;
import io.ksplat.engine.internal.SharedMachine;
import io.ksplat.engine.internal.SnapshotCache;
import io.ksplat.engine.internal.TrialScenario;
import io.ksplat.engine.internal.WantedBug;
import io.ksplat.engine.internal.Watcher;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.UnsupportedTargetException;
import io.ksplat.machine.internal.snapshot.Template;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of one scenario: a machine is prepared, the scenario's code leads it to the edge, and the machine is judged from outside.
 *
 * <p>Its steps cannot be taken out of order: {@link #prepare} gives one of three states, and each of them can only be concluded, once.
 * Whoever owns the scenario's code, as a test framework does, takes the steps; anybody else calls {@link #execute}.
 *
 * <pre>{@code
 * Run run = session.run(RunSettings.of("debian:7.2"), scenario);
 * Run.Prepared prepared = run.prepare();
 * if (prepared instanceof Run.Ready ready) {
 *     Conclusion conclusion = ready.attempt();
 *     System.out.println(conclusion.verdict());
 * }
 * }</pre>
 */
public final class Run {
    private static final Logger LOG = LoggerFactory.getLogger(Run.class);

    /** A snapshot after the preparation takes as long as preparing two machines. */
    private static final int WORTH_FREEZING = 2;

    /** Verdicts after which the machine of a scenario that acts in a process of its own is as good as before. */
    private static final Set<Verdict> LEAVES_NOTHING = Set.of(Verdict.REJECTED, Verdict.UNSUPPORTED);

    private static final String BY_OTHERS = "a case before it on its machine may have caused this";

    private final Session session;
    private final RunSettings settings;
    private final Scenario scenario;
    private final long started = System.nanoTime();
    private final RunLog report;
    /** Where a second attempt, or one whose NMI is captured, keeps its files: it is no run of the report. */
    private final Optional<Path> aside;

    /** Whether it shares no fault with others: it boots cold, under TCG, and confirms what another run has shown. */
    private final boolean apart;

    private final MachineLease lease;
    private final List<String> notes = new ArrayList<>();

    private KernelName kernelName;
    private Verdict expected;
    private Expectation expectation = Expectation.of(Verdict.CLEAN);
    private Optional<String> because = Optional.empty();
    private Optional<String> mismatch = Optional.empty();
    private WantedBug wanted = new WantedBug(Optional.empty());
    private Optional<Symbols> symbols = Optional.empty();
    /** The programs of the scenario's own file. */
    private Set<String> own = Set.of();

    private Optional<Path> folder = Optional.empty();
    /** What the targets were told that begins. */
    private Optional<String> begun = Optional.empty();

    private String accelerator = "";
    private boolean concluded;

    Run(Session session, RunSettings settings, Scenario scenario, Optional<SharedMachine> shared, Optional<Path> aside)
            throws IOException {
        this(session, settings, scenario, shared, aside, aside.isPresent());
    }

    private Run(
            Session session,
            RunSettings settings,
            Scenario scenario,
            Optional<SharedMachine> shared,
            Optional<Path> aside,
            boolean apart)
            throws IOException {
        this.session = session;
        this.settings = settings;
        this.scenario = scenario;
        this.aside = aside;
        this.apart = apart;
        this.lease = new MachineLease(
                session.targets(),
                session.progress(),
                settings,
                new MachineLease.Request(scenario.id(), scenario.needs().bootParameters(), scenario.machine(), apart),
                shared);
        this.expected = settings.expect().orElse(Verdict.CLEAN);
        this.report = session.report(settings.report());
        this.kernelName = unresolved(settings.kernel().toString(), report);
    }

    /** Names a kernel that nothing is known of yet. The key names a folder of the report: no path of this machine may be in it. */
    private static KernelName unresolved(String spec, RunLog report) {
        String shown = report.shownSpec(spec);
        // Two trees of one name stay apart.
        String apart = shown.equals(spec) ? "" : "-" + Digests.sha256(spec).substring(0, 8);
        return new KernelName(spec, "", shown.replaceAll("[^A-Za-z0-9._+-]", "_") + apart);
    }

    /** How the scenario's code ended. */
    public sealed interface Ending {
        /** It did what it had to. */
        record Returned() implements Ending {}

        /** It broke off, because this kernel is not for it. */
        record Aborted(Throwable thrown) implements Ending {}

        /** It asked for what the target cannot do, or the kernel has not. */
        record Lacks(Throwable thrown) implements Ending {}

        /** The verifier refused a program that it loaded. */
        record Refused(VerifierException thrown) implements Ending {}

        /**
         * It failed. A dead agent is no failure of the run: the machine is judged all the same.
         *
         * @param place the file and line of its code, if that is known
         */
        record Threw(Throwable thrown, Optional<String> place) implements Ending {
            /** Says what it threw. */
            public Threw(Throwable thrown) {
                this(thrown, Optional.empty());
            }
        }

        /** Returns the ending of code that threw. */
        static Ending of(Throwable thrown) {
            if (thrown instanceof AbortedException aborted) {
                return new Aborted(aborted.reason());
            }
            if (thrown instanceof VerifierException refusal) {
                return new Refused(refusal);
            }
            return thrown instanceof UnsupportedTargetException || thrown instanceof KernelLacksException
                    ? new Lacks(thrown)
                    : new Threw(thrown);
        }

        /** Returns why there may be no evidence; empty if it returned. */
        default Optional<String> reason() {
            if (this instanceof Lacks lacks) {
                return Optional.ofNullable(lacks.thrown.getMessage());
            }
            if (this instanceof Refused refused) {
                return Optional.ofNullable(refused.thrown.getMessage());
            }
            if (this instanceof Aborted aborted) {
                return Optional.of(said(aborted.thrown));
            }
            return this instanceof Threw threw
                    ? Optional.of(said(threw.thrown)
                            + threw.place.map(at -> " (" + at + ")").orElse(""))
                    : Optional.empty();
        }

        /** A message of ksplat's own is a sentence; others need the name of their class. */
        private static String said(Throwable thrown) {
            String message = thrown.getMessage();
            return message != null && isOwn(thrown) ? message : thrown.toString();
        }
    }

    /** What a preparation came to. */
    public sealed interface Prepared {}

    /** The verdict is reached, and the scenario's code must not run. */
    public final class Decided implements Prepared {
        private final Verdict verdict;
        private final String message;
        private final List<Evidence> evidence;

        private Decided(Verdict verdict, String message, List<Evidence> evidence) {
            this.verdict = verdict;
            this.message = message;
            this.evidence = evidence;
        }

        /** Writes the report. */
        public Conclusion conclude() throws IOException {
            return Run.this.conclude(
                    Optional.empty(), () -> record(verdict, message, evidence, List.of(), Optional.empty()));
        }
    }

    /** The preparation failed and left a machine: the scenario's code must not run, and the machine is judged. */
    public final class Unprepared implements Prepared {
        private final Fixture fixture;
        private final Throwable thrown;

        private Unprepared(Fixture fixture, Throwable thrown) {
            this.fixture = fixture;
            this.thrown = thrown;
        }

        /** Returns what the preparation threw. */
        public Throwable thrown() {
            return thrown;
        }

        /** Judges the machine, and writes the report. */
        public Conclusion conclude() throws IOException {
            return judged(fixture, Ending.of(thrown));
        }
    }

    /** The machine is prepared. */
    public final class Ready implements Prepared {
        private final Fixture fixture;

        private Ready(Fixture fixture) {
            this.fixture = fixture;
        }

        /** Returns the machine. */
        public Machine machine() {
            return fixture.machine();
        }

        /** Runs the scenario's code, judges the machine, and writes the report. */
        public Conclusion attempt() throws IOException {
            return conclude(attemptOnly());
        }

        private Ending attemptOnly() {
            long begin = System.nanoTime();
            try {
                scenario.run(fixture.machine());
                return new Ending.Returned();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Ending.of(e);
            } catch (Throwable t) {
                return Ending.of(t);
            } finally {
                session.timings().add("test method", begin);
            }
        }

        /** Judges the machine after code that somebody else has run, and writes the report. */
        public Conclusion conclude(Ending ending) throws IOException {
            return judged(fixture, ending);
        }
    }

    /** Takes all steps. */
    public Conclusion execute() throws IOException, InterruptedException {
        Prepared prepared = prepare();
        if (prepared instanceof Ready ready) {
            return ready.attempt();
        }
        return prepared instanceof Unprepared broken ? broken.conclude() : ((Decided) prepared).conclude();
    }

    /**
     * Prepares the machine and loads the programs; on failure, decides the verdict.
     *
     * @throws InterruptedException if the thread was interrupted, but not the session
     */
    public Prepared prepare() throws InterruptedException {
        lease.waits();
        try {
            session.begins(this);
            return prepareMachine();
        } catch (VerifierException refusal) {
            return decided(Verdict.REJECTED, String.valueOf(refusal.getMessage()), List.of(rejected(refusal)));
        } catch (KernelLacksException e) {
            keepLog(e);
            return lacking(described(e));
        } catch (BpfException e) {
            keepLog(e);
            String log = e.log().isBlank() ? "" : "\n" + e.log().strip();
            return decided(Verdict.ERROR, e.getMessage() + log, List.of());
        } catch (LeftReportsException e) {
            return decided(Verdict.INCONCLUSIVE, String.valueOf(e.getMessage()), e.evidence());
        } catch (KernelException | IOException | RuntimeException e) {
            LOG.debug("preparing {} failed", scenario.id(), e);
            return decided(Verdict.ERROR, failure(e), List.of());
        } catch (InterruptedException e) {
            if (lease.interrupted().isEmpty()) {
                tellEnded();
                throw e;
            }
            return decided(Verdict.ERROR, "", List.of());
        } finally {
            lease.waitsNoLonger();
            session.timings().add("set-up", started);
        }
    }

    private Prepared prepareMachine() throws IOException, InterruptedException, KernelException {
        KernelInfo kernel = session.targets().kernel(settings.kernel());
        accelerator = session.targets().isReal() ? "none" : kernel.accelerator().id();
        symbols = Optional.of(kernel.symbols());
        kernelName = new KernelName(
                settings.kernel().toString(),
                kernel.release(),
                kernel.kernel().key(),
                kernel.kernel().configDigest());
        String version = kernel.kernel().version();
        expectation = scenario.expectedOn(version);
        expected = settings.expect().orElse(expectation.verdict());
        because = settings.expect().isPresent() ? Optional.empty() : expectation.because();
        wanted = WantedBug.of(scenario);
        Path made = aside.isPresent()
                ? Files.createDirectories(aside.get())
                : report.begin(scenario.id(), kernelName, settings.attempt(), expected);
        folder = Optional.of(made);
        Optional<String> disabled = scenario.disabledOn(version);
        if (disabled.isPresent()) {
            expected = settings.expect().orElse(Verdict.UNSUPPORTED);
            return decided(Verdict.UNSUPPORTED, disabled.get(), List.of());
        }
        notes.addAll(scenario.notesOn(kernel.kernel()));
        Optional<String> unmet = scenario.lackingIn(kernel.kernel());
        if (unmet.isPresent()) {
            return lacking(unmet.get());
        }
        Optional<String> lacks = scenario.needs().lackingIn(kernel.btf(), kernel.symbols());
        if (lacks.isPresent()) {
            return lacking(kernel.release() + " has no " + lacks.get());
        }
        Optional<String> unfit = session.targets().lacking(scenario);
        if (unfit.isPresent()) {
            return lacking(unfit.get());
        }
        scenario.build(session.cache(), session.progress());
        tellBegun(kernel);
        Prepared prepared = new Preparation(kernel, made.resolve("console.log")).run();
        session.progress().step("attempt");
        lease.throwIfInterrupted();
        session.progress().report(scenario.id() + ": running on " + kernel.release());
        return prepared instanceof Ready ready ? stormy(ready) : prepared;
    }

    private Prepared stormy(Ready ready) {
        try {
            ready.fixture.beginStorm();
            return ready;
        } catch (IOException | UnsupportedTargetException e) {
            return new Unprepared(ready.fixture, e);
        }
    }

    private void tellBegun(KernelInfo kernel) throws IOException {
        // A second attempt is begun while the first has not ended.
        String again = aside.map(path -> ", " + path.getFileName()).orElse("");
        String what = scenario.id() + " on " + kernel.kernel().key() + again;
        session.targets().begins(what);
        begun = Optional.of(what);
    }

    /** A journal that cannot be written now costs the next session this scenario, and this run nothing. */
    private void tellEnded() {
        Optional<String> what = begun;
        begun = Optional.empty();
        try {
            if (what.isPresent()) {
                session.targets().ended(what.get());
            }
        } catch (IOException e) {
            LOG.warn("that {} has ended cannot be written down: {}", what.orElse(""), e.getMessage());
        }
    }

    /** Gets a machine ready: restored after an earlier preparation, or prepared now, and frozen if that is worth it. */
    private final class Preparation {
        private final KernelInfo kernel;
        private final Path consoleLog;
        private final SnapshotCache.Key key;

        Preparation(KernelInfo kernel, Path consoleLog) {
            this.kernel = kernel;
            this.consoleLog = consoleLog;
            this.key = new SnapshotCache.Key(
                    scenario.snapshotKey(), kernel.kernel().key());
        }

        Prepared run() throws IOException, InterruptedException {
            Optional<SnapshotCache.Prepared> known =
                    lease.mayFreeze() ? session.snapshots().find(key) : Optional.empty();
            Optional<Fixture> resumed = known.isPresent() ? resume(known.get()) : Optional.empty();
            if (resumed.isPresent()) {
                return new Ready(resumed.get());
            }
            Optional<BpfObjectFile> program = compile();
            boolean freezing = lease.mayFreeze()
                    && settings.more() >= WORTH_FREEZING
                    && session.snapshots().claim(key)
                    && lease.startFreezable(kernel, consoleLog);
            if (!freezing) {
                start();
            }
            Prepared prepared = prepare(program);
            if (!freezing || !(prepared instanceof Ready ready)) {
                return prepared;
            }
            Optional<Fixture> frozen = freeze(ready.fixture);
            if (frozen.isPresent()) {
                return new Ready(frozen.get());
            }
            start();
            return prepare(program);
        }

        private void start() throws IOException, InterruptedException {
            // Others like it are not wanted if the ones to come are restored after their preparation.
            lease.start(kernel, consoleLog, settings.more() >= WORTH_FREEZING ? 0 : settings.more());
        }

        private Prepared prepare(Optional<BpfObjectFile> program) throws IOException {
            Fixture fixture = Fixture.in(lease.target().orElseThrow(), program, context());
            Optional<Throwable> thrown = fixture.prepare();
            return thrown.isPresent() ? new Unprepared(fixture, thrown.get()) : new Ready(fixture);
        }

        private Fixture.Context context() {
            return new Fixture.Context(
                    scenario,
                    kernel,
                    session.cache(),
                    name -> object(scenario.beside(name)),
                    settings.nmi(),
                    settings.capture().map(RunSettings.Capture::hook),
                    consoleLog,
                    settings.busy(),
                    started,
                    lease.before());
        }

        private byte[] object(BpfSource source) throws IOException, InterruptedException {
            List<String> macros = new ArrayList<>(scenario.macros());
            macros.addAll(scenario.needs().macros(kernel.btf(), kernel.symbols()));
            return session.object(source, macros, kernel);
        }

        private Optional<BpfObjectFile> compile() throws IOException, InterruptedException {
            if (scenario.bpf().isEmpty()) {
                return Optional.empty();
            }
            BpfSource source = scenario.bpf().get();
            BpfObjectFile file = BpfObjectFile.parse(source.name(), object(source));
            own = file.programs().stream().map(BpfProgramInfo::name).collect(Collectors.toSet());
            Optional<String> lacks = KernelNeeds.lackingFor(file, kernel.btf(), kernel.symbols());
            if (lacks.isPresent()) {
                throw new KernelLacksException(lacks.get(), 0, "");
            }
            scenario.needs().check(source, file);
            return Optional.of(file);
        }

        /** Restores a machine after its preparation; empty if that failed, and a machine is still to be prepared. */
        private Optional<Fixture> resume(SnapshotCache.Prepared prepared) throws IOException, InterruptedException {
            try {
                return Optional.of(
                        Fixture.restored(lease.resume(prepared.snapshot(), consoleLog), prepared, context()));
            } catch (IOException e) {
                lease.throwIfInterrupted();
                session.progress()
                        .report(scenario.id() + ": cannot restore the snapshot, starting a new machine: "
                                + e.getMessage());
                session.snapshots().remove(key);
                lease.end();
                return Optional.empty();
            }
        }

        /** Freezes a prepared machine and restores one from the snapshot; empty if none is left. */
        private Optional<Fixture> freeze(Fixture fixture) throws IOException, InterruptedException {
            try {
                SnapshotCache.Prepared prepared = fixture.freeze();
                session.snapshots().add(key, prepared);
                return resume(prepared);
            } catch (Template.Splatted e) {
                LOG.debug("{} goes on without a snapshot", scenario.id(), e);
                notes.add(String.valueOf(e.getMessage()));
                return Optional.of(fixture);
            } catch (IOException e) {
                lease.throwIfInterrupted();
                session.progress()
                        .report(scenario.id() + ": cannot freeze the machine, starting a new one: " + e.getMessage());
                lease.end();
                return Optional.empty();
            }
        }
    }

    private String described(KernelLacksException e) {
        return kernelName.release() + " has no "
                + symbols.map(known -> KernelNeeds.described(e, known)).orElse(e.lacks());
    }

    private Decided lacking(String message) {
        if (!expectation.stated()) {
            expectUnsupported();
        }
        return decided(Verdict.UNSUPPORTED, message, List.of());
    }

    private void expectUnsupported() {
        expected = settings.expect().orElse(Verdict.UNSUPPORTED);
        because = Optional.empty();
    }

    /**
     * A verdict that is stated for a kernel is expected of it also if it lacks something, be it that a function has another name by now.
     * What the target cannot do, and code that breaks off, say nothing of the kernel.
     */
    private boolean isStatedFor(Ending ending) {
        return expectation.stated()
                && ending instanceof Ending.Lacks lacks
                && !(lacks.thrown() instanceof UnsupportedTargetException);
    }

    private Decided decided(Verdict verdict, String message, List<Evidence> evidence) {
        return lease.interrupted()
                .map(reason -> new Decided(Verdict.ERROR, reason, evidence))
                .orElseGet(() -> new Decided(verdict, message, evidence));
    }

    /** Makes evidence of a refusal, and notes what is not as it was expected. */
    private Evidence rejected(VerifierException refusal) {
        keepLog(refusal);
        Evidence evidence = rejection(refusal);
        if (settings.expect().isEmpty()) {
            mismatch = scenario instanceof TrialScenario trial && expectation.verdict() == Verdict.REJECTED
                    ? trial.mismatch(refusal)
                    : expectation.mismatch(evidence, refusal.log(), own);
        }
        return evidence;
    }

    /** Its message is a sentence then. */
    private static boolean isOwn(Throwable thrown) {
        return thrown.getClass().getName().startsWith("io.ksplat.");
    }

    /** What the JDK itself throws may name no file ("No space left on device"), and says nothing alone. */
    private static String failure(Exception thrown) {
        StackTraceElement[] stack = thrown.getStackTrace();
        boolean told = thrown instanceof FileSystemException
                || stack.length == 0
                || stack[0].getClassName().startsWith("io.ksplat.");
        return thrown instanceof IOException && !told
                ? "the run could not be prepared: " + thrown.getMessage()
                : String.valueOf(thrown.getMessage());
    }

    private void keepLog(BpfException refusal) {
        if (folder.isEmpty() || refusal.log().isBlank()) {
            return;
        }
        boolean verifier = refusal instanceof VerifierException;
        Path log = folder.get().resolve(verifier ? "verifier.log" : "loader.log");
        keep(log, (verifier ? "the verifier's" : "the loader's") + " whole log", refusal.log());
    }

    private void keep(Path file, String what, String text) {
        try {
            Files.writeString(file, text);
            notes.add(what + ": " + file);
        } catch (IOException e) {
            notes.add(what + " could not be kept: " + e.getMessage());
        }
    }

    /** Returns where the files of the run lie; empty if it did not get as far as that. */
    public Optional<Path> folder() {
        return folder;
    }

    /** Returns whether the run is concluded. */
    public boolean isConcluded() {
        return concluded;
    }

    /** Ends the machine under whatever waits for it, or the wait for one that is still to come. */
    void interrupt(String reason) {
        lease.interrupt(reason);
    }

    /** Reaches the record of a run. */
    @FunctionalInterface
    private interface Judge {
        RunRecord judge() throws IOException;
    }

    private Conclusion judged(Fixture fixture, Ending ending) throws IOException {
        return conclude(
                Optional.of(fixture), () -> settings.capture().isPresent() ? captured(ending) : judge(fixture, ending));
    }

    /**
     * Reaches the verdict, writes the report and ends the machine. A crash counts only if a second attempt, on a freshly booted machine
     * under TCG, shows it too: QEMU's own faults, and a template of a damaged boot, look the same.
     */
    private Conclusion conclude(Optional<Fixture> fixture, Judge judge) throws IOException {
        if (concluded) {
            throw new IllegalStateException(scenario.id() + " is concluded already");
        }
        concluded = true;
        boolean clean = false;
        try {
            RunRecord record = judge.judge();
            if (record.verdict() == Verdict.CRASH
                    && !session.targets().isReal()
                    && lease.interrupted().isEmpty()
                    && !apart) {
                lease.end();
                record = confirmed(record);
            } else if (scenario instanceof TrialScenario && isWorthRepeating(record)) {
                lease.end();
                record = alone(record);
            } else {
                clean = record.verdict() == Verdict.CLEAN
                        || (scenario instanceof TrialScenario && LEAVES_NOTHING.contains(record.verdict()));
            }
            if (clean && fixture.isPresent() && lease.isShared()) {
                RunRecord cleared = cleared(fixture.get(), record);
                clean = cleared.equals(record);
                record = cleared;
            }
            Optional<String> message = record.message();
            if (folder.isPresent()) {
                lease.keepConsole(folder.get());
                record = withSources(record, folder.get());
            }
            if (aside.isEmpty()) {
                long judged = System.nanoTime();
                record = report.end(record);
                session.timings().add("report", judged);
            }
            return new Conclusion(record, settings.report(), folder, message);
        } finally {
            end(fixture, clean);
        }
    }

    /** Keeps the BPF C that evidence leads to: a report shows its lines, also when the tree has moved on. */
    private RunRecord withSources(RunRecord record, Path into) {
        if (record.evidence().isEmpty()) {
            return record;
        }
        try {
            keepSources(record, into);
            return record;
        } catch (IOException e) {
            return record.toBuilder()
                    .note("the BPF C could not be kept: " + e.getMessage())
                    .build();
        }
    }

    private void keepSources(RunRecord record, Path into) throws IOException {
        Optional<Path> compiled = scenario instanceof TrialScenario trial ? trial.source() : Optional.empty();
        if (compiled.isPresent()) {
            BpfSources.keep(compiled.get(), into);
            return;
        }
        Optional<BpfSource> source = scenario.bpf();
        if (source.isEmpty()) {
            return;
        }
        Set<String> names = new LinkedHashSet<>(List.of(source.get().name()));
        record.evidence().stream()
                .flatMap(found -> found.stacks().stream())
                .flatMap(stack -> stack.frames().stream())
                .flatMap(frame -> frame.file().stream())
                .forEach(file -> names.add(file.substring(file.lastIndexOf('/') + 1)));
        BpfSources.keep(source.get().owner(), names, into);
    }

    /** A machine that does not end must not keep the session waiting for this run. */
    private void end(Optional<Fixture> fixture, boolean clean) throws IOException {
        long alive = System.nanoTime();
        try {
            lease.giveBack(fixture.filter(cleared -> clean).map(Fixture::watcher));
        } finally {
            session.timings().add("end of the machine", alive);
            tellEnded();
            session.ended(this);
        }
    }

    /** Takes out of a machine what the run has put there; returns another record if others must not have it then. */
    private static RunRecord cleared(Fixture fixture, RunRecord run) {
        RunRecord.Builder told = run.toBuilder();
        boolean done = true;
        try {
            fixture.clear();
        } catch (IOException e) {
            done = false;
            told.note("what it had loaded could not be taken out of its machine: " + e.getMessage());
        }
        List<Evidence> late = fixture.watcher().late();
        if (!late.isEmpty()) {
            List<Evidence> all = new ArrayList<>(run.evidence());
            all.addAll(late);
            told.verdict(Verdict.INCONCLUSIVE)
                    .message("reported after its last look, while what it had loaded was taken out: "
                            + LeftReportsException.titles(late))
                    .evidence(all);
        }
        return done && late.isEmpty() ? run : told.build();
    }

    /** Others had this machine before: what they left may be the cause. */
    private boolean isWorthRepeating(RunRecord record) {
        return !record.asExpected()
                && lease.wasHandedOn()
                && lease.interrupted().isEmpty()
                && aside.isEmpty()
                && record.verdict() != Verdict.CRASH;
    }

    private RunRecord alone(RunRecord first) throws IOException {
        Path second = report.folder(first).resolve("alone");
        session.progress().report(scenario.id() + ": not as expected, trying again on a machine of its own");
        try {
            RunRecord again = new Run(session, settings, scenario, Optional.empty(), Optional.of(second), false)
                    .execute()
                    .record();
            if (showsBug(first) && !showsBug(again)) {
                return first.toBuilder()
                        .note("repeated alone (" + second + ") it was " + again.verdict() + ": " + BY_OTHERS)
                        .build();
            }
            return again.toBuilder()
                    .note("repeated alone (" + second + "), because with others' traces in its machine it was "
                            + first.verdict()
                            + first.mismatch()
                                    .or(first::message)
                                    .map(why -> ": " + why)
                                    .orElse(""))
                    .build();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while repeating " + scenario.id() + " alone", e);
        }
    }

    /** What a kernel has shown of itself no other machine takes back, whichever case has caused it. */
    private static boolean showsBug(RunRecord run) {
        Findings findings = new Findings(run.evidence(), List.of(), true);
        return !findings.decisive(Verdict.DEADLOCK).isEmpty()
                || !findings.decisive(Verdict.CRASH).isEmpty();
    }

    private RunRecord confirmed(RunRecord first) throws IOException {
        Path second = aside.orElseGet(() -> report.folder(first)).resolve("confirmation");
        session.progress().report(scenario.id() + ": a crash, trying again on a freshly booted machine");
        RunRecord again;
        try {
            again = new Run(session, settings, scenario, Optional.empty(), Optional.of(second))
                    .execute()
                    .record();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while confirming a crash", e);
        }
        long totalMs = elapsedMs();
        if (CrashConfirmation.of(first.evidence(), again.evidence())) {
            return CrashConfirmation.confirmed(first, second, totalMs);
        }
        RunRecord refuted = CrashConfirmation.refuted(first, again, second, totalMs);
        return lease.wasHandedOn() ? refuted.toBuilder().note(BY_OTHERS).build() : refuted;
    }

    /** A run whose NMI was captured is not judged: who captured it knows whether it did. */
    private RunRecord captured(Ending ending) {
        return record(
                Verdict.INCONCLUSIVE,
                ending instanceof Ending.Threw threw
                        ? String.valueOf(threw.thrown().getMessage())
                        : scenario.id() + " aims no NMI: there is nothing in its place to freeze at",
                List.of(),
                List.of(),
                Optional.empty());
    }

    /** Keeps the stack of what is no error of ksplat's own, and tells the line of the scenario's code. */
    private Ending placed(Ending ending) {
        if (!(ending instanceof Ending.Threw threw)
                || isOwn(threw.thrown())
                || lease.interrupted().isPresent()) {
            return ending;
        }
        if (folder.isPresent()) {
            keep(folder.get().resolve("exception.txt"), "the exception's whole stack", stack(threw.thrown()));
        }
        return new Ending.Threw(threw.thrown(), CodeLine.in(threw.thrown(), scenario.codeClass()));
    }

    private static String stack(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text, true));
        return text.toString();
    }

    private RunRecord judge(Fixture fixture, Ending given) {
        Ending ending = placed(given);
        if (ending instanceof Ending.Threw threw) {
            LOG.debug("{} ended with an exception", scenario.id(), threw.thrown());
        }
        boolean done = ending instanceof Ending.Returned
                || (scenario instanceof TrialScenario trial && trial.isAnsweredBy(ending));
        session.progress().report(scenario.id() + ": watching");
        List<Control> code = scenario.asserts() ? List.of(Control.effect("test", 1, done ? 1 : 0)) : List.of();
        long begin = System.nanoTime();
        Watcher.Seen seen = fixture.watch(code, !done);
        session.timings().add("watching", begin);
        if (!seen.evidence().isEmpty()) {
            preserve(fixture.watcher());
        }
        Ending ended = ending instanceof Ending.Returned
                ? fixture.exits()
                        .experiment()
                        .flatMap(scenario::unfit)
                        .<Ending>map(why -> new Ending.Lacks(new IOException(why)))
                        .orElse(ending)
                : ending;
        RunVerdict verdict = RunVerdict.of(
                seen,
                scenario.asserts(),
                ended,
                lease.interrupted(),
                fixture.exits().failures());
        List<Evidence> evidence = new ArrayList<>(seen.evidence());
        mismatch = wanted.mismatch(verdict.verdict(), evidence);
        wanted.note(evidence).ifPresent(notes::add);
        if (verdict.verdict() == Verdict.REJECTED && ending instanceof Ending.Refused refused) {
            evidence.add(rejected(refused.thrown()));
        } else if (ending instanceof Ending.Lacks lacks && lacks.thrown() instanceof KernelLacksException e) {
            keepLog(e);
        } else if (ending instanceof Ending.Threw threw && threw.thrown() instanceof BpfException e) {
            keepLog(e);
        }
        if (verdict.verdict() == Verdict.UNSUPPORTED && !isStatedFor(ended)) {
            expectUnsupported();
        }
        Optional<String> lacking = verdict.verdict() == Verdict.UNSUPPORTED
                        && ending instanceof Ending.Lacks missing
                        && missing.thrown() instanceof KernelLacksException e
                ? Optional.of(described(e))
                : Optional.empty();
        return record(
                verdict.verdict(),
                lacking.or(verdict::message).orElse(""),
                evidence,
                // What was not tried has not failed.
                verdict.verdict() == Verdict.UNSUPPORTED ? List.of() : seen.controls(),
                Optional.of(fixture));
    }

    private void preserve(Watcher watcher) {
        boolean keep = settings.keepDead() && session.mayKeep();
        if (folder.isEmpty() || (!keep && !settings.vmcore())) {
            return;
        }
        session.progress().report(scenario.id() + ": keeping what is left of the machine");
        try {
            notes.addAll(watcher.preserve(folder.get().toAbsolutePath(), settings.vmcore(), keep));
        } catch (IOException e) {
            notes.add("what is left of the machine could not be kept: " + e.getMessage());
        }
    }

    private RunRecord record(
            Verdict verdict,
            String message,
            List<Evidence> evidence,
            List<Control> controls,
            Optional<Fixture> fixture) {
        notes.addAll(0, lease.remarks());
        fixture.map(Fixture::notes).ifPresent(notes::addAll);
        RunRecord.Builder record = RunRecord.of(scenario.id(), kernelName, settings.attempt())
                .bootRetries(lease.bootRetries())
                .verdict(verdict)
                .expected(expected)
                .mismatch(mismatch)
                .because(because)
                .message(message.isEmpty() ? Optional.empty() : Optional.of(message))
                .evidence(evidence)
                .controls(controls)
                .notes(notes)
                .timings(new Timings(
                        lease.bootMs(),
                        lease.restoreMs(),
                        fixture.map(there -> there.watcher().firstEvidenceMs()).orElse(OptionalLong.empty()),
                        elapsedMs()))
                .accelerator(accelerator)
                .target(session.targets().name())
                .origin(lease.origin())
                .tool(session.tool());
        fixture.ifPresent(there -> record.nmis(there.nmis())
                .timeline(there.timeline(elapsedMs(), verdict))
                .samples(there.samples())
                .watchedMs(there.watchedMs())
                .program(there.exits().experiment()));
        return record.build();
    }

    private long elapsedMs() {
        return (System.nanoTime() - started) / 1_000_000;
    }

    private static Evidence rejection(VerifierException refusal) {
        return Evidence.builder(
                        EvidenceKind.VERIFIER,
                        String.valueOf(refusal.getMessage()),
                        "verifier:" + refusal.program() + ":" + refusal.getMessage())
                .function(refusal.program())
                .source(Source.VERIFIER)
                .build();
    }
}
