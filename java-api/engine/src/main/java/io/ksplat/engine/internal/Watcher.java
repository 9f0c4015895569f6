// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.ksplat.bpf.BpfLine;
import io.ksplat.bpf.BpfObject;
import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.ParserOptions;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.evidence.internal.RepeatedHangs;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.ConsoleLog;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.CoreDump;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.SelfCheck;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.unwind.SourceFrames;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import io.ksplat.results.SampledSpan;
import io.ksplat.results.TimelineEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Watches a run's machine from outside, during its code (the console) and after it (all else), until the verdict is certain. */
public final class Watcher implements ConsoleLog.Reader {
    private static final String FROM_MEMORY = "log-from-memory.log";

    /** How long a machine may take to fulfil its controls, or to show that it is stuck. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /** From when on counters that have reached what they must may go on counting: the CPUs must live for the rest of the time. */
    private static final Duration SETTLED = PATIENCE.multipliedBy(2).dividedBy(3);

    /** If a control cannot pass any more, only evidence is waited for. */
    private static final Duration HOPELESS = Duration.ofMillis(500);

    /** What a machine that reported a deadlock may take to be called stuck as well; the verdict does not wait for it. */
    private static final Duration HANG = Duration.ofSeconds(3);

    /** A report that stops in the middle is taken as it is. */
    private static final Duration QUIET = Duration.ofMillis(200);

    /** A console that does not fall silent, of a machine that is stuck, is read no longer than this. */
    private static final Duration DRAIN = Duration.ofSeconds(1);

    /** Beats of every CPU after the last change, before a machine counts as alive. */
    private static final int BEATS = 10;

    private final Target target;
    private final OutsideView view;
    private final KernelInfo kernel;
    private final Cache cache;
    private final long started;
    private final OptionalLong beganNs;
    private final List<Evidence> evidence = new ArrayList<>();
    private final ConsoleParser parser = new ConsoleParser(this::found, this::options);
    private final List<BpfLine> lines = new ArrayList<>();
    private final List<String> pending = new ArrayList<>();
    private final ConsoleTestimony testimony;
    private final List<SelfCheck> checks;
    private Symbols symbols;
    private boolean fromMemory;
    private final WatchEvents events = new WatchEvents();
    private final SampledSpans samples = new SampledSpans();
    /** In milliseconds after the run's beginning. */
    private final CompletableFuture<Long> firstEvidence = new CompletableFuture<>();

    /** Watches from now on; {@code started} is the run's beginning, as {@link System#nanoTime()}. */
    public Watcher(
            Target target,
            OutsideView view,
            KernelInfo kernel,
            Symbols symbols,
            Cache cache,
            List<SelfCheck> checks,
            long started)
            throws IOException {
        this.target = target;
        this.view = view;
        this.kernel = kernel;
        this.symbols = symbols;
        this.cache = cache;
        this.testimony = ConsoleTestimony.of(target.kernel(), checks);
        this.checks = List.copyOf(checks);
        this.started = started;
        this.beganNs = view.guestNanos();
    }

    /** All that was seen. */
    public record Seen(
            List<Evidence> evidence,
            List<Control> controls,
            boolean everyCpuAlive,
            Optional<String> trouble,
            Findings.Visibility visibility) {
        public Seen {
            evidence = List.copyOf(evidence);
            controls = List.copyOf(controls);
        }

        /** Makes what was seen of a machine that can be seen from outside. */
        public Seen(List<Evidence> evidence, List<Control> controls, boolean everyCpuAlive, Optional<String> trouble) {
            this(evidence, controls, everyCpuAlive, trouble, Findings.Visibility.OUTSIDE);
        }

        /** Returns what the kinds of evidence and the controls alone say. */
        Findings findings() {
            return new Findings(evidence, controls, everyCpuAlive, visibility);
        }
    }

    /**
     * How long to watch.
     *
     * @param asked what the scenario asks for, of the guest's time; else until nothing is pending
     * @param over whether no more of what was asked for is wanted
     * @param lost whether the experiment has failed meanwhile: from then on only evidence is waited for
     * @param least of the guest's time in any case
     * @param busy how long a vCPU may run without a sign of life, in its own run time, before that is evidence
     */
    record Times(Optional<Duration> asked, BooleanSupplier over, BooleanSupplier lost, Duration least, Duration busy) {}

    /** Reads the controls from outside. */
    @FunctionalInterface
    public interface ControlReader {
        List<Control> read() throws IOException;
    }

    /** Learns what addresses mean, now that an object's programs are loaded. */
    void loaded(BpfObject object, Symbols withPrograms) {
        lines.addAll(object.lines());
        this.symbols = withPrograms;
    }

    public OptionalLong firstEvidenceMs() {
        return firstEvidence.isDone() ? OptionalLong.of(firstEvidence.join()) : OptionalLong.empty();
    }

    /** Returns what was seen, and when. */
    List<TimelineEvent> timeline() {
        return events.timeline(started);
    }

    /** Returns what the CPUs were seen in. */
    List<SampledSpan> samples() {
        return samples.since(started);
    }

    private ParserOptions options() {
        ParserOptions options = view.nmiInjected() ? ParserOptions.NMI_EXPERIMENT : ParserOptions.DEFAULT;
        // What is read from memory was chosen by its facility already.
        return target.console().printsFacility() && !fromMemory ? options.withFacility() : options;
    }

    /** Returns lines of the console that ksplat itself caused and that were passed over, for people. */
    List<String> ignored() {
        synchronized (parser) {
            return Stream.of(
                            parser.ignored().entrySet().stream()
                                    .sorted(Map.Entry.comparingByKey())
                                    .map(noise -> "passed over on the console: " + noise.getValue() + " of \""
                                            + noise.getKey().keyword().strip() + "\""),
                            parser.printedByUserSpace().stream()
                                    .map(title -> "user space printed a report on the console, which is no evidence: "
                                            + title),
                            testimony.refuted().stream())
                    .flatMap(notes -> notes)
                    .toList();
        }
    }

    /** Returns what was still to come when the watch ended, for people. */
    List<String> pending() {
        return List.copyOf(pending);
    }

    @Override
    public void feed(byte[] buffer, int offset, int length) {
        synchronized (parser) {
            parser.feed(buffer, offset, length);
        }
    }

    /** Goes on reading where the console ended, and keeps the lines in a file: what is found now was not seen there. */
    private void parse(String file, List<String> unprinted) throws IOException {
        if (unprinted.isEmpty()) {
            return;
        }
        String text = String.join("\n", unprinted) + "\n";
        Files.writeString(target.console().file().resolveSibling(file), text);
        byte[] bytes = ("\n" + text).getBytes(ISO_8859_1);
        synchronized (parser) {
            fromMemory = true;
            parser.feed(bytes, 0, bytes.length);
            parser.flush();
        }
    }

    private synchronized void found(Evidence seen) {
        Evidence found = fromMemory && seen.source() == Source.CONSOLE ? seen.from(Source.OUTSIDE) : seen;
        evidence.add(found);
        events.found(found);
        // Only the first time counts.
        firstEvidence.complete((System.nanoTime() - started) / 1_000_000);
    }

    /** Returns a future that completes when there is evidence. */
    CompletableFuture<Long> firstEvidence() {
        return firstEvidence;
    }

    /** Returns whether there is evidence by now. */
    public boolean hasFound() {
        return !foundSoFar().isEmpty();
    }

    private synchronized List<Evidence> foundSoFar() {
        return List.copyOf(evidence);
    }

    private List<Evidence> credible() {
        return testimony.credible(foundSoFar());
    }

    /** Returns what a machine whose run has found nothing has reported by now: after the run's last look, that is, for it is not watched any more. */
    public List<Evidence> late() {
        synchronized (parser) {
            parser.flush();
        }
        return credible();
    }

    /**
     * Ends the text of such a machine, now that the next run has begun: the console was read up to there.
     *
     * @throws LeftReportsException if there is a report in it
     */
    void requireNothingLate() throws LeftReportsException {
        synchronized (parser) {
            parser.close();
        }
        List<Evidence> left = late();
        if (!left.isEmpty()) {
            throw new LeftReportsException(left);
        }
    }

    /**
     * Watches until there is evidence, or every control has passed and every CPU lives, or time is up.
     *
     * @param hopeless whether some control cannot pass any more
     */
    public Seen watch(ControlReader reader, ReportedRefusals reports, boolean hopeless, Times times) {
        Quiet rest =
                new Quiet(view.pending(kernel, symbols), times.asked, times.over, times.least, target.scale(PATIENCE));
        Seen seen = look(new Look(reader, reports, hopeless, times.lost, rest), times.busy);
        pending.addAll(rest.notes());
        try {
            return new Seen(
                    sources().locate(seen.evidence), seen.controls, seen.everyCpuAlive, seen.trouble, seen.visibility);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return seen;
        }
    }

    private Seen look(Look look, Duration busy) {
        try {
            look.begin();
            OutsideView.Sampler sampler = view.sampler(symbols);
            OutsideView.Sampler noted = () -> {
                Diagnosis diagnosis = sampler.sample();
                sampler.last().ifPresent(samples::add);
                return diagnosis;
            };
            OutsideWatch watch = new OutsideWatch(view, noted, this::analysis, busy, BEATS);
            OutsideWatch.End end =
                    watch.watch(target.scale(look.hopeless ? HOPELESS : PATIENCE), target.scale(PATIENCE), look);
            if (end instanceof OutsideWatch.End.Gone gone) {
                return gone(look, gone.why());
            }
            if (end instanceof OutsideWatch.End.Stuck stuck) {
                events.stuck(stuck.diagnosis());
                List<Control> controls = stopped(stuck.findings(), look);
                analysis().behind(stuck.diagnosis()).forEach(this::found);
                return seen(controls, false, Optional.empty());
            }
            if (end instanceof OutsideWatch.End.Busy overdue) {
                return seen(stopped(overdue.findings(), look), false, Optional.empty());
            }
            boolean alive = end instanceof OutsideWatch.End.Decided decided
                    ? decided.alive()
                    : ((OutsideWatch.End.TimeUp) end).alive();
            if (!alive || hasUnprinted()) {
                parse(FROM_MEMORY, analysis().unprinted());
            }
            watchTasks(look.controls, alive);
            return seen(look.isLost() ? look.controls : look.rest.with(look.controls), alive, Optional.empty());
        } catch (InterruptedException e) {
            return interrupted(look);
        } catch (MachineException.Late e) {
            return silent(look, e);
        } catch (IOException e) {
            return gone(look, view.ended().orElse(String.valueOf(e.getMessage())));
        }
    }

    /** Returns whether the kernel has reported something that its console does not have: a program may lower its level. */
    private boolean hasUnprinted() throws IOException {
        if (hasFound()) {
            return false;
        }
        for (SelfCheck check : checks) {
            if (check.findsUnprinted() && !check.isOn()) {
                return true;
            }
        }
        return false;
    }

    /** A machine that has ended may be evidence itself; else that is trouble. */
    private Seen gone(Look look, String why) {
        List<Evidence> remains = view.remains(this::credible);
        remains.forEach(this::found);
        Optional<String> trouble = remains.isEmpty() ? Optional.of(why) : Optional.empty();
        synchronized (parser) {
            // A log that was kept has all of it again: it does not go on where the console ended.
            parser.flush();
        }
        Verdict sofar = new Findings(credible(), look.controls, false, view.visibility()).verdict();
        if (sofar == Verdict.CLEAN || sofar == Verdict.INCONCLUSIVE) {
            try {
                parse("kept-log.log", view.kept());
            } catch (IOException e) {
                trouble = Optional.of(why + "; what it has kept of its kernel's log is not known: " + e.getMessage());
            }
        }
        return seen(look.controls, false, trouble);
    }

    /** That something did not answer may be a symptom: the agent sleeps as every other task does. */
    private Seen silent(Look look, MachineException.Late late) {
        if (view.ended().isPresent()) {
            return gone(look, view.ended().get());
        }
        try {
            boolean blocked = watchTasks(look.controls, look.alive);
            return seen(
                    look.controls,
                    look.alive,
                    blocked ? Optional.empty() : Optional.of(String.valueOf(late.getMessage())));
        } catch (InterruptedException e) {
            return interrupted(look);
        } catch (IOException e) {
            return seen(look.controls, false, Optional.of(late.getMessage() + "; " + e.getMessage()));
        }
    }

    private Seen interrupted(Look look) {
        Thread.currentThread().interrupt();
        return seen(look.controls, false, Optional.of("interrupted while watching the machine"));
    }

    /** Takes what a machine shows that is stopped now; returns its controls. */
    private List<Control> stopped(HangAnalysis.Findings findings, Look look) throws IOException {
        parse(FROM_MEMORY, findings.unprinted());
        found(findings.evidence());
        return look.reader.read();
    }

    /** Looks at the tasks, unless it is decided already what became of the machine; returns whether some are blocked. */
    private boolean watchTasks(List<Control> controls, boolean alive) throws IOException, InterruptedException {
        Verdict sofar = new Findings(credible(), controls, alive, view.visibility()).verdict();
        if (sofar != Verdict.CLEAN && sofar != Verdict.INCONCLUSIVE && sofar != Verdict.RECOVERED) {
            return false;
        }
        List<Evidence> blocked = new TaskWatch(target, view, analysis(), beganNs).watch();
        blocked.forEach(this::found);
        return !blocked.isEmpty();
    }

    /** What is looked at after each sample. */
    private final class Look implements OutsideWatch.Watcher {
        private final ControlReader reader;
        private final ReportedRefusals reports;
        private final boolean hopeless;
        private final BooleanSupplier lost;
        private final Quiet rest;
        private List<Control> controls = List.of();
        private Optional<Deadline> lostFor = Optional.empty();
        private int known = -1;
        private boolean alive;
        private final Deadline settled = Deadline.in(target.scale(SETTLED));
        private Optional<Deadline> hang = Optional.empty();

        Look(ControlReader reader, ReportedRefusals reports, boolean hopeless, BooleanSupplier lost, Quiet rest) {
            this.reader = reader;
            this.reports = reports;
            this.hopeless = hopeless;
            this.lost = lost;
            this.rest = rest;
        }

        private void begin() throws IOException {
            if (!hopeless) {
                rest.begin();
            }
        }

        @Override
        public boolean hasChanged() throws IOException {
            quiet();
            List<Control> now = reader.read();
            reports.refusals().forEach(Watcher.this::found);
            view.explained(Watcher.this::credible).forEach(Watcher.this::found);
            int found = foundSoFar().size();
            boolean counted = !now.equals(controls) && !(settled.expired() && allPass(now) && allPass(controls));
            boolean changed = rest.hasChanged() || known != found || counted;
            known = found;
            controls = now;
            return changed;
        }

        private static boolean allPass(List<Control> controls) {
            return controls.stream().allMatch(Control::passed);
        }

        @Override
        public void beforeStop() throws IOException {
            drainConsole();
        }

        @Override
        public void atStop() {
            events.stopped();
        }

        @Override
        public boolean isDecided(Diagnosis diagnosis, boolean everyCpuAlive) throws IOException {
            alive = everyCpuAlive;
            if (alive) {
                reports.streams().forEach(Watcher.this::found);
            }
            List<Evidence> credible = credible();
            Findings findings = new Findings(credible, controls, alive, view.visibility());
            // A deadlock that the kernel itself reported tells more once its CPU is called stuck: who holds what.
            if (hang.isEmpty() && findings.isDeadlock()) {
                hang = Optional.of(Deadline.in(HANG));
            }
            boolean mayYetHang = !alive
                    && !diagnosis.panicked()
                    && hang.isPresent()
                    && !hang.get().expired();
            if (alive && isLost()) {
                return quiet() && !mayYetHang;
            }
            return quiet() && !mayYetHang && findings.isFinal() && (!awaitsQuiet(credible) || rest.isOver());
        }

        private boolean isLost() {
            if (lostFor.isEmpty() && (lost.getAsBoolean() || controls.stream().anyMatch(Look::isExceeded))) {
                lostFor = Optional.of(Deadline.in(target.scale(HOPELESS)));
            }
            return lostFor.map(Deadline::expired).orElse(false);
        }

        /** What has counted too much never counts less. */
        private static boolean isExceeded(Control control) {
            return control.most().isPresent()
                    && control.observed() > control.most().getAsLong();
        }

        @Override
        public boolean isAwaiting() throws IOException {
            return awaitsQuiet(credible()) && rest.isAwaiting();
        }

        private boolean awaitsQuiet(List<Evidence> credible) {
            return !hopeless && !isLost() && credible.isEmpty();
        }
    }

    /**
     * Keeps what is left of a machine that ended with evidence.
     *
     * @return how to get at it, a line each
     */
    public List<String> preserve(Path folder, boolean vmcore, boolean keep) throws IOException {
        List<String> notes = new ArrayList<>();
        Optional<CoreDump> dump = target.find(CoreDump.class);
        if (dump.isEmpty()) {
            return List.of("what is left of this target cannot be kept");
        }
        Optional<String> vmlinux = kernel.kernel().debugVmlinux().map(Path::toString);
        if (vmcore) {
            Path core = folder.resolve("vmcore");
            dump.get().dump(core, known());
            String modules = symbols.address("modules").isPresent() ? "" : "--no_modules ";
            notes.add("memory: " + core
                    + vmlinux.map(file ->
                                    "; drgn -c " + core + " -s " + file + ", or crash " + modules + file + " " + core)
                            .orElse(""));
        }
        if (keep) {
            VirtualMachine.Kept kept = dump.get().keep();
            notes.add("the machine waits: gdb " + vmlinux.orElse("-ex 'set architecture i386:x86-64'")
                    + " -ex 'target remote " + kept.gdb() + "'");
            notes.add("end it: kill " + kept.guard());
        }
        return notes;
    }

    private OutsideView.Known known() {
        return new OutsideView.Known(kernel, symbols, sources(), cache);
    }

    private OutsideView.Analysis analysis() {
        return view.analysis(known());
    }

    private SourceFrames sources() {
        return new SourceFrames(kernel.kernel(), symbols, lines);
    }

    /** Whether the console said nothing for a while; what it had begun to say is then taken as it is. */
    private boolean quiet() {
        boolean quiet = System.nanoTime() - target.console().lastByteNanos() > QUIET.toNanos();
        if (quiet) {
            synchronized (parser) {
                parser.flush();
            }
        }
        return quiet;
    }

    /** What the kernel reported of its own death comes before what is seen from outside, whole, however soon that was seen. */
    private void drainConsole() throws IOException {
        Deadline deadline = Deadline.in(DRAIN);
        while (!quiet() && !deadline.expired()) {
            Poll.pause();
        }
    }

    private Seen seen(List<Control> controls, boolean alive, Optional<String> trouble) {
        synchronized (parser) {
            parser.close();
        }
        return new Seen(RepeatedHangs.together(credible()), controls, alive, trouble, view.visibility());
    }
}
