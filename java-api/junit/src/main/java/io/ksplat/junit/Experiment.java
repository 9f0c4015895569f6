// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.guest.AgentException;
import io.ksplat.guest.BpfObject;
import io.ksplat.guest.Guest;
import io.ksplat.guest.KernelFacts;
import io.ksplat.guest.Templates;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Symbols;
import io.ksplat.libbpf.BpfObjectFile;
import io.ksplat.nmi.Landing;
import io.ksplat.nmi.Nmi;
import io.ksplat.report.KernelName;
import io.ksplat.report.Report;
import io.ksplat.report.RunRecord;
import io.ksplat.report.Timings;
import io.ksplat.vm.Accelerator;
import io.ksplat.vm.MachineConfig;
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
    private static final int CPUS = 2;
    private static final int MEMORY_MIB = 256;

    private final Lab lab;
    private final Settings settings;
    private final Subject subject;
    private final long started = System.nanoTime();
    private final Controls controls = new Controls();
    private final Testimony testimony = new Testimony();

    private final Report report;
    /** Where a second attempt keeps its files, which is no run of the report. */
    private final Optional<Path> confirmationFolder;

    private KernelName kernelName;
    private Verdict expected;
    private @Nullable Decision decision;
    private boolean concluded;
    private @Nullable Path runFolder;
    private final List<String> notes = new ArrayList<>();
    private @Nullable Symbols symbols;
    private @Nullable Nmi nmi;
    private @Nullable BpfObject bpf;
    private @Nullable Observation observation;
    private int bootRetries;
    private OptionalLong bootMs = OptionalLong.empty();
    private OptionalLong restoreMs = OptionalLong.empty();
    private String origin = "boot";
    private String accelerator = "";

    /** Written by the thread that interrupts, too. */
    private volatile @Nullable Guest guest;

    private volatile @Nullable String interrupted;

    Experiment(Lab lab, Settings settings, Subject subject) throws IOException {
        this(lab, settings, subject, Optional.empty());
    }

    private Experiment(Lab lab, Settings settings, Subject subject, Optional<Path> confirmationFolder)
            throws IOException {
        this.confirmationFolder = confirmationFolder;
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

    /** Makes machine and programs ready, or decides why that cannot be. */
    void setUp() throws InterruptedException {
        try {
            lab.begins(this);
            prepare();
        } catch (AgentException.Verifier refusal) {
            keepLog(refusal);
            decide(Verdict.REJECTED, String.valueOf(refusal.getMessage()), List.of(rejection(refusal)));
        } catch (AgentException e) {
            decide(
                    Verdict.ERROR,
                    e.getMessage() + (e.log().isBlank() ? "" : "\n" + e.log().strip()),
                    List.of());
        } catch (KernelException | IOException | RuntimeException e) {
            LOG.debug("set-up of {} failed", subject.id(), e);
            decide(Verdict.ERROR, String.valueOf(e.getMessage()), List.of());
        }
    }

    private void prepare() throws IOException, InterruptedException, KernelException {
        KernelFacts kernel = lab.kernel(settings.kernel());
        accelerator = kernel.accelerator().id();
        kernelName = new KernelName(
                settings.kernel().toString(), kernel.release(), kernel.kernel().key());
        expected = settings.expect().orElseGet(() -> subject.expectedOn(kernel.release()));
        Path folder = confirmationFolder.isPresent()
                ? Files.createDirectories(confirmationFolder.get())
                : report.begin(subject.id(), kernelName, settings.attempt(), expected);
        runFolder = folder;
        Optional<String> lacks = subject.lacks(kernel.btf());
        if (lacks.isPresent()) {
            decide(Verdict.UNSUPPORTED, kernel.release() + " has no " + lacks.get(), List.of());
            return;
        }
        byte[] object = lab.object(subject, kernel);
        BpfObjectFile file = BpfObjectFile.parse(subject.bpf(), object);
        subject.check(file);

        Guest machine = start(kernel, folder.resolve("console.log"));
        throwIfInterrupted();

        symbols = kernel.symbolsAt(machine.hello().getText());
        Observation watching = new Observation(machine, kernel, symbols, lab.cache(), started);
        observation = watching;
        machine.beginExperiment(Long.toHexString(System.nanoTime()), watching);
        BpfObject loaded = BpfObject.load(machine, file, object);
        bpf = loaded;
        symbols = symbols.plus(loaded.symbols());
        watching.symbols(symbols);
        nmi = new Nmi(machine.vm(), symbols, settings.nmi());
        lab.progress().report(subject.id() + ": running on " + kernel.release());
    }

    private Guest start(KernelFacts kernel, Path consoleLog) throws IOException, InterruptedException {
        boolean fresh = settings.fresh() || confirmationFolder.isPresent();
        Accelerator accelerator = confirmationFolder.isPresent() ? Accelerator.TCG : kernel.accelerator();
        MachineConfig config =
                lab.host().config(kernel.kernel(), accelerator, CPUS, MEMORY_MIB, subject.bootParameters());
        lab.progress()
                .report(subject.id() + ": starting " + kernel.release() + " (" + accelerator.id()
                        + (fresh ? ", booting" : "") + ")");
        Templates.Started started = fresh
                ? lab.templates().boot(config, consoleLog, lab.progress())
                : lab.templates().start(kernel.kernel(), config, consoleLog, lab.progress());
        guest = started.guest();
        bootRetries = started.bootRetries();
        bootMs = started.bootMs();
        restoreMs = started.restoreMs();
        origin = started.origin();
        started.why().ifPresent(notes::add);
        return started.guest();
    }

    private void keepLog(AgentException.Verifier refusal) {
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
        Guest machine = guest;
        Nmi source = nmi;
        if (machine == null || source == null) {
            throw new IllegalStateException("there is no machine: " + decision);
        }
        return new Machine(machine, source, controls, testimony, this::load);
    }

    BpfObject bpf() {
        BpfObject loaded = bpf;
        if (loaded == null) {
            throw new IllegalStateException("no BPF object is loaded: " + decision);
        }
        return loaded;
    }

    /** Loads one more object, that of a tracer say. */
    private BpfObject load(String source) throws IOException {
        Guest machine = guest;
        Observation watching = observation;
        Symbols known = symbols;
        if (machine == null || watching == null || known == null) {
            throw new IllegalStateException("there is no machine: " + decision);
        }
        try {
            byte[] object = BpfBuild.object(
                    subject.type(),
                    source,
                    subject.testCase(),
                    lab.kernel(settings.kernel()).headers(),
                    lab.cache());
            BpfObject loaded = BpfObject.load(machine, BpfObjectFile.parse(source, object), object);
            symbols = known.plus(loaded.symbols());
            watching.symbols(symbols);
            return loaded;
        } catch (KernelException e) {
            throw new IOException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while compiling " + source, e);
        }
    }

    /** Ends the machine under whatever waits for it. */
    void interrupt(String reason) {
        interrupted = reason;
        Guest machine = guest;
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
        try {
            Decision early = decision;
            RunRecord run = early != null ? record(early, List.of()) : judge(thrown);
            if (run.verdict() == Verdict.CRASH && interrupted == null && confirmationFolder.isEmpty()) {
                close();
                run = confirm(run, rerun);
            }
            if (confirmationFolder.isEmpty()) {
                report.end(run);
            }
            return run;
        } finally {
            close();
            lab.ended(this);
        }
    }

    private RunRecord confirm(RunRecord first, Rerun rerun) throws IOException, InterruptedException {
        Path folder = report.folder(first).resolve("confirmation");
        lab.progress().report(subject.id() + ": a crash, trying again on a freshly booted machine");
        RunRecord second = rerun.on(new Experiment(lab, settings, subject, Optional.of(folder)));
        if (Confirmation.of(first.evidence(), second.evidence())) {
            return Confirmation.confirmed(first, folder);
        }
        return Confirmation.refuted(first, second, folder);
    }

    private RunRecord judge(Optional<Throwable> thrown) {
        Observation watching = observation;
        Guest machine = guest;
        if (watching == null || machine == null) {
            return record(new Decision(Verdict.ERROR, "the experiment was not set up", List.of()), List.of());
        }
        thrown.ifPresent(failure -> LOG.debug("{} ended with an exception", subject.id(), failure));
        boolean broken = thrown.isPresent() && !(thrown.get() instanceof IOException);
        lab.progress().report(subject.id() + ": watching");
        Nmi source = nmi;
        boolean hopeless =
                thrown.isPresent() || (source != null && !source.misses().isEmpty());
        Observation.Outcome outcome = watching.watch(this::readControls, testimony, hopeless);
        Findings findings = new Findings(outcome.evidence(), outcome.controls(), outcome.everyCpuAlive());
        Verdict verdict = findings.verdict();
        Optional<String> message = outcome.trouble().or(() -> thrown.map(Throwable::toString));
        if (interrupted != null) {
            message = Optional.of(interrupted);
        }
        boolean undecided = verdict == Verdict.CLEAN || verdict == Verdict.INCONCLUSIVE;
        if (undecided
                && (broken
                        || interrupted != null
                        || thrown.isPresent()
                        || outcome.trouble().isPresent())) {
            verdict = Verdict.ERROR;
        }
        if (verdict == Verdict.INCONCLUSIVE && message.isEmpty()) {
            message = Optional.of(whyInconclusive(outcome));
        }
        if (verdict != Verdict.ERROR && verdict != Verdict.INCONCLUSIVE) {
            message = Optional.empty();
        }
        return record(new Decision(verdict, message.orElse(""), outcome.evidence()), outcome.controls());
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
        all.addAll(controls.read());
        return all;
    }

    private RunRecord record(Decision decided, List<Control> observed) {
        Nmi source = nmi;
        if (source != null) {
            source.landings().stream().map(Landing::toString).forEach(notes::add);
            notes.addAll(source.misses());
        }
        Observation watching = observation;
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
                origin);
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

    private static Evidence rejection(AgentException.Verifier refusal) {
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
