// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Noise;
import io.ksplat.evidence.ParserOptions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** Sorts lines into reports: by caller where the console tells it, and emits what is whole in the order of the first lines. */
public final class Assembler {
    /** Reports that are open at once; CPUs that die together are more than any reader wants to tell apart. */
    private static final int MOST_OPEN = 64;

    /** panic() calls of oops_end (arch/x86/kernel/dumpstack.c and others), check_panic_on_warn, and the watchdogs. */
    private static final Pattern AFTERMATH = Pattern.compile(
            "syncing: (?:Oops: )?(?:Fatal exception|[\\w. ]*panic_on_warn set|hung_task: |softlockup: |Hard LOCKUP|RCU Stall|Attempted to kill (?:the idle task|init)!|Aiee, killing interrupt handler)");

    /** Seconds of the kernel's clock between a report and the panic that it leads to; a slow serial line takes that long. */
    private static final double LONGEST_AGONY = 30;

    private final Consumer<Evidence> sink;
    private final Supplier<ParserOptions> options;
    private final Deque<Report> open = new ArrayDeque<>();
    private final Map<Noise, Long> ignored = new EnumMap<>(Noise.class);
    private boolean quiet;
    private boolean told;
    private double toldAt = Double.NaN;

    public Assembler(Consumer<Evidence> sink, Supplier<ParserOptions> options) {
        this.sink = sink;
        this.options = options;
    }

    /** Whether every line counts; otherwise only those that can begin a report do. */
    public boolean isReading() {
        return !open.isEmpty();
    }

    /** How often each kind of the caller's own noise was passed over. */
    public Map<Noise, Long> ignored() {
        return Map.copyOf(ignored);
    }

    /** Where the first line that may begin a report lies in {@code [from, to)}, or -1: some byte of it. */
    public static int next(byte[] text, int from, int to) {
        return Rules.KEYWORDS.find(text, from, to);
    }

    /** Takes a line, the {@code number}th of the text. */
    public void line(byte[] text, int from, int to, long number) {
        boolean begins = next(text, from, to) >= 0;
        for (Line line : LineReader.read(text, from, to)) {
            line(line, begins, number);
        }
    }

    private void line(Line line, boolean begins, long number) {
        quiet = false;
        if (begins && isNoise(line.text())) {
            return;
        }
        open.forEach(report -> closeIfPast(report, line));
        Optional<Rules.Match> match = begins ? Rules.match(line.text()) : Optional.empty();
        Optional<Report> own = open.stream()
                .filter(report -> !report.isClosed() && report.caller().equals(line.caller()))
                .reduce((first, second) -> second);
        if (match.isPresent()) {
            begin(match.get(), line, own, number);
        } else if (own.isPresent()) {
            own.get().add(line);
        } else {
            // other CPUs' backtraces, or a line whose prefix was lost
            open.stream()
                    .filter(report -> !report.isClosed())
                    .filter(report -> report.rule().family() == Rule.Family.STALL
                            || line.caller().isEmpty()
                            || report.caller().isEmpty())
                    .reduce((first, second) -> second)
                    .ifPresent(report -> report.add(line));
        }
        emit();
    }

    private void begin(Rules.Match match, Line line, Optional<Report> own, long number) {
        Optional<Report> cause = own.isPresent() || match.rule().family() != Rule.Family.PANIC
                ? own
                : open.stream().filter(report -> !report.isClosed()).reduce((first, second) -> second);
        if (own.isEmpty() && isAftermath(match, line)) {
            return;
        }
        if (cause.isPresent() && cause.get().goesOnWith(match.rule())) {
            cause.get().add(line);
            return;
        }
        own.ifPresent(Report::close);
        if (open.size() >= MOST_OPEN) {
            open.peekFirst().close();
            emit();
        }
        open.addLast(new Report(match, line, number));
    }

    /** A panic that only carries out what an earlier report led to: that report is the evidence. */
    private boolean isAftermath(Rules.Match match, Line line) {
        return match.rule().family() == Rule.Family.PANIC
                && told
                && AFTERMATH.matcher(line.text()).find()
                && !(line.seconds().orElse(toldAt) - toldAt > LONGEST_AGONY);
    }

    private static void closeIfPast(Report report, Line line) {
        if (report.isPast(line)) {
            report.close();
        }
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

    /** Emits what is complete enough; what is not is given until the next call without a line in between. */
    public void flush() {
        for (Report report : open) {
            if (quiet || report.isTelling()) {
                report.close();
            }
        }
        quiet = true;
        emit();
    }

    /** Emits all that is left. */
    public void close() {
        open.forEach(Report::close);
        emit();
    }

    private void emit() {
        while (!open.isEmpty() && open.peekFirst().isClosed()) {
            Report report = open.removeFirst();
            told = true;
            toldAt = report.lines.get(report.lines.size() - 1).seconds().orElse(toldAt);
            sink.accept(ReportReader.read(report));
        }
    }
}
