// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Noise;
import io.ksplat.evidence.ParserOptions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Collects lines into reports, by caller if the console prints it, and emits complete reports in the order of their first lines. */
public final class Assembler {
    /** The maximum of open reports. It bounds memory if many CPUs die at once. */
    private static final int MOST_OPEN = 64;

    /** The panic() calls of oops_end (arch/x86/kernel/dumpstack.c and others), of check_panic_on_warn and of the watchdogs. */
    private static final Pattern AFTERMATH = Pattern.compile(
            "syncing: (?:Oops: )?(?:Fatal exception|[\\w. ]*panic_on_warn set|hung_task: |softlockup: |Hard LOCKUP|RCU Stall|Attempted to kill (?:the idle task|init)!|Aiee, killing interrupt handler)");

    /** The width of a line that a mailer may have cut within a head, before a long word. */
    private static final int SHORTEST_HEAD = 40;

    /** Seconds of the kernel's clock between a report and its panic. A slow serial line takes that long. */
    private static final double LONGEST_TO_PANIC = 30;

    /** What is left of a line's beginning that was lost. */
    private static final Pattern TORN = Pattern.compile("[:;,.\\])}*=-]{0,3} ?");

    /** What tools put before each line of a report that they copy. */
    static final Pattern MARK = Pattern.compile("[:*|] ?");

    private static final Pattern KERNEL = Pattern.compile("\\bkernel(?:\\[\\d+\\]|\\.\\w+)?:? *$");

    /** What the kernel itself writes before a head: pr_fmt of kernel/watchdog.c and kernel/rcu, and the CPU. It is on no other line. */
    private static final Pattern SUBSYSTEM =
            Pattern.compile("(?:(?:NMI )?watchdog: |rcu: |workqueue: )?(?:CPU ?\\d+: )?$");

    private record Wrapped(Line line, long number) {
        boolean goesOnWith(Line next) {
            return next.seconds().isEmpty()
                    && !next.text().isBlank()
                    && next.lead().learnt() == line.lead().learnt();
        }
    }

    private final LineReader reader = new LineReader();
    private final Consumer<Evidence> sink;
    private final Supplier<ParserOptions> options;
    private final Deque<Report> open = new ArrayDeque<>();
    private final Map<Noise, Long> ignored = new EnumMap<>(Noise.class);
    private @Nullable Hearsay hearsay;

    /** A line in which a head may begin that a mailer wrapped. */
    private @Nullable Wrapped wrapped;

    private boolean quiet;
    private boolean emitted;
    private double emittedAt = Double.NaN;

    public Assembler(Consumer<Evidence> sink, Supplier<ParserOptions> options) {
        this.sink = sink;
        this.options = options;
    }

    /** Returns whether a report is open, so that every line matters. Otherwise only lines that can begin a report matter. */
    public boolean isReading() {
        return !open.isEmpty() || wrapped != null || (hearsay != null && hearsay.isReading());
    }

    /** Returns what user space printed that looks like reports of the kernel. */
    public List<String> hearsay() {
        return hearsay == null ? List.of() : hearsay.titles();
    }

    /** Returns how often each kind of noise was ignored. */
    public Map<Noise, Long> ignored() {
        return Map.copyOf(ignored);
    }

    /** Returns the index of a byte of the first line in {@code [from, to)} that may begin a report, or -1. */
    public static int next(byte[] text, int from, int to) {
        return Rules.KEYWORDS.find(text, from, to);
    }

    /** Reads the line with this number. */
    public void line(byte[] text, int from, int to, long number) {
        boolean begins = next(text, from, to) >= 0;
        boolean facility = options.get().facility();
        for (Line line : reader.read(text, from, to)) {
            if (!facility || line.isKernels()) {
                line(line, begins, number);
            } else if (begins || hearsay != null) {
                hearsay = hearsay == null ? new Hearsay() : hearsay;
                hearsay.line(line, begins, number);
            }
        }
    }

    void line(Line line, boolean begins, long number) {
        quiet = false;
        if (begins && isNoise(line.text())) {
            return;
        }
        for (Report report : open) {
            if (report.isOfSameOrigin(line) && report.isPast(line)) {
                report.close();
            }
        }
        Wrapped before = wrapped;
        wrapped = null;
        Optional<Rules.Match> match = (begins ? Rules.match(line) : Optional.<Rules.Match>empty())
                .filter(found -> !Net.is(found.rule()) || isUnclaimed(found.rule(), line));
        if (match.isEmpty() && before != null && before.goesOnWith(line)) {
            Line whole = before.line().with(before.line().text().stripTrailing() + " " + line.text());
            Optional<Rules.Match> joined = Rules.match(whole).filter(found -> !Net.is(found.rule()));
            if (joined.isPresent()) {
                begin(joined.get(), whole, before.number());
                emit();
                return;
            }
        }
        if (match.isPresent()) {
            begin(match.get(), line, number);
        } else {
            wrapped = begins && line.width() >= SHORTEST_HEAD ? new Wrapped(line, number) : null;
            Optional<Report> own = own(line);
            if (own.isPresent()) {
                own.get().add(line);
            } else {
                // a backtrace of another CPU, or a line that lost its prefix
                open.stream()
                        .filter(report -> !report.isClosed() && report.isOfSameOrigin(line))
                        .filter(report -> report.rule().family() == Rule.Family.STALL
                                || line.caller().isEmpty()
                                || report.caller().isEmpty())
                        .reduce((first, second) -> second)
                        .ifPresent(report -> report.add(line));
            }
        }
        emit();
    }

    /** Returns whether no report claims a line that belongs to most reports. */
    private boolean isUnclaimed(Rule rule, Line line) {
        return Net.isOfOthers(rule)
                ? open.stream().noneMatch(report -> !report.isClosed() && report.isOfSameOrigin(line))
                : own(line).filter(report -> !report.isTraced()).isEmpty();
    }

    /** Returns the report that the line's writer is in. */
    private Optional<Report> own(Line line) {
        for (Iterator<Report> newest = open.descendingIterator(); newest.hasNext(); ) {
            Report report = newest.next();
            if (!report.isClosed()
                    && report.isOfSameOrigin(line)
                    && report.caller().equals(line.caller())) {
                return Optional.of(report);
            }
        }
        return Optional.empty();
    }

    private void begin(Rules.Match match, Line line, long number) {
        String skipped = line.text().substring(0, match.start());
        Matcher subsystem = SUBSYSTEM.matcher(skipped);
        String before = subsystem.find() ? skipped.substring(0, subsystem.start()) : skipped;
        boolean known =
                before.isBlank() || match.isPrefixed() || TORN.matcher(before).matches();
        Line head = line;
        if (!known
                || MARK.matcher(before).matches()
                || !line.lead().isKernels() && line.seconds().isPresent()) {
            // somebody put the kernel's lines behind a prefix of his own: learn it from this one
            String prefix = line.lead().written() + (match.isPrefixed() ? "" : before);
            Line.Lead lead = reader.learn(prefix).orElse(line.lead());
            known |= lead.isKernels()
                    && !prefix.isBlank()
                    && KERNEL.matcher(prefix).find();
            head = match.isPrefixed()
                    ? line.with(lead, line.text())
                    : line.with(lead, line.text().substring(before.length()));
        }
        Line begun = head;
        open.removeIf(report -> report.announces(match, begun));
        Optional<Report> own = own(head);
        Optional<Report> cause = own.isPresent() || match.rule().family() != Rule.Family.PANIC
                ? own
                : open.stream().filter(report -> !report.isClosed()).reduce((first, second) -> second);
        if (own.isEmpty() && isAftermath(match, head)) {
            return;
        }
        if (cause.isPresent()
                && (cause.get().isContinuedBy(match.rule()) || cause.get().awaitsMessage())) {
            cause.get().add(head);
            return;
        }
        own.ifPresent(Report::close);
        own.filter(report -> Net.is(report.rule()) && !report.isTraced()).ifPresent(open::remove);
        if (open.size() >= MOST_OPEN) {
            open.peekFirst().close();
            emit();
        }
        open.addLast(new Report(match, head, number, known));
    }

    /** Returns whether a panic is the consequence of an earlier report. That report is the evidence. */
    private boolean isAftermath(Rules.Match match, Line line) {
        return match.rule().family() == Rule.Family.PANIC
                && emitted
                && AFTERMATH.matcher(line.text()).find()
                && !isOfAnotherTime(line.seconds().orElse(emittedAt) - emittedAt);
    }

    /** Later than a console needs for a report, or on the clock of another boot. */
    private static boolean isOfAnotherTime(double later) {
        return later > LONGEST_TO_PANIC || later < -1;
    }

    private boolean isNoise(String text) {
        for (Noise noise : Noise.values()) {
            if (text.contains(noise.keyword())
                    && (!noise.isEvidenceUnlessCaused()
                            || options.get().caused().contains(noise))) {
                ignored.merge(noise, 1L, Long::sum);
                if (noise == Noise.SYSRQ_BACKTRACE || noise == Noise.OLD_SYSRQ_BACKTRACE) {
                    open.forEach(Report::close);
                    emit();
                }
                return true;
            }
        }
        return false;
    }

    /** Emits reports that are complete enough to understand, and all reports if no line has arrived since the last call. */
    public void flush() {
        if (hearsay != null) {
            hearsay.flush();
        }
        for (Report report : open) {
            if (quiet || report.isUnderstandable()) {
                report.close();
            }
        }
        quiet = true;
        emit();
    }

    /** Emits all open reports. */
    public void close() {
        if (hearsay != null) {
            hearsay.close();
        }
        open.forEach(Report::close);
        emit();
    }

    private void emit() {
        while (!open.isEmpty() && open.peekFirst().isClosed()) {
            Report report = open.removeFirst();
            if (report.isMention() || Net.is(report.rule()) && Net.isEmpty(report)) {
                continue;
            }
            emitted = true;
            emittedAt = report.lines.get(report.lines.size() - 1).seconds().orElse(emittedAt);
            sink.accept(ReportReader.read(report));
        }
    }
}
