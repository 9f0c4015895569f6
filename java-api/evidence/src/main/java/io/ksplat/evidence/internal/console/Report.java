// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;

/** Collects the lines of one report. */
final class Report {
    /** Longer reports are cut here. */
    private static final int MOST_LINES = 4000;

    private static final int MOST_CHARACTERS = 1 << 19;

    /** The number of lines without a frame that end a report: before its first trace, after a trace, and after its end mark. */
    private static final int QUIET_BEFORE = 80;

    private static final int QUIET_AFTER = 40;
    private static final int QUIET_ENDED = 12;

    /** The number of lines within which all heads of an exception come, and those of a leak. */
    private static final int MOST_FAULT_HEAD = 24;

    private static final int MOST_LEAK_HEAD = 3;

    /**
     * Seconds of the kernel's clock without a line of the report. The kernel waits 10 s for backtraces of other CPUs
     * (nmi_trigger_cpumask_backtrace, lib/nmi_backtrace.c).
     */
    private static final double LONGEST_PAUSE = 15;

    final Rules.Match match;
    final List<Line> lines = new ArrayList<>();

    /** The 1-based number of the first line. */
    final long number;

    private int characters;
    private int quiet;
    private boolean traced;
    private boolean ended;
    private boolean closed;
    private double lastTraceSeconds = Double.NaN;

    Report(Rules.Match match, Line first, long number) {
        this.match = match;
        this.number = number;
        add(first);
    }

    Rule rule() {
        return match.rule();
    }

    Matcher head() {
        return match.head();
    }

    /** Returns a named group of the head, if the rule has that group and it matched. */
    Optional<String> named(String group) {
        return rule().head().pattern().contains("(?<" + group + ">")
                ? Optional.ofNullable(head().group(group))
                : Optional.empty();
    }

    String caller() {
        return lines.get(0).caller();
    }

    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
    }

    /** Returns whether the report is complete enough to understand. */
    boolean isUnderstandable() {
        return traced || ended || rule().family() == Rule.Family.LINE;
    }

    /** Returns whether a line that could begin another report continues this one. */
    boolean isContinuedBy(Rule next) {
        if (next.family() == Rule.Family.PANIC) {
            return true;
        }
        if (ended) {
            return false;
        }
        return switch (rule().continuesWith()) {
            case NOTHING -> false;
            case FAULTS -> next.family() == Rule.Family.FAULT && !traced && lines.size() < MOST_FAULT_HEAD;
            case HARD_LOCKUPS -> next.continuesWith() == Rule.ContinuesWith.HARD_LOCKUPS && !traced;
            case LEAKS -> next.continuesWith() == Rule.ContinuesWith.LEAKS && lines.size() < MOST_LEAK_HEAD;
            case WARNINGS -> next.family() == Rule.Family.WARNING;
        };
    }

    /** Returns whether a line is too late to belong to this report. */
    boolean isPast(Line line) {
        return line.seconds().isPresent() && line.seconds().getAsDouble() - lastTraceSeconds > LONGEST_PAUSE;
    }

    void add(Line line) {
        lines.add(line);
        characters += line.text().length() + 32;
        if (isOfTrace(line.text())) {
            quiet = 0;
            if (line.seconds().isPresent()) {
                lastTraceSeconds = line.seconds().getAsDouble();
            }
        } else {
            quiet++;
        }
        if (line.text().contains("---[ end ")) {
            ended = true;
        }
        int limit = ended ? QUIET_ENDED : traced ? QUIET_AFTER : QUIET_BEFORE;
        if (quiet > limit || lines.size() >= MOST_LINES || characters >= MOST_CHARACTERS) {
            closed = true;
        }
        if (lines.size() > 1 && rule().family() == Rule.Family.LINE) {
            closed = true;
        }
    }

    private boolean isOfTrace(String text) {
        boolean frame = text.contains("+0x");
        traced = traced
                || (frame
                        && lines.size() > 1
                        && FrameReader.pointer(text.strip()).isEmpty());
        return lines.size() == 1
                || frame
                || text.contains("Call Trace")
                || text.contains("NMI backtrace")
                || text.contains("[inline]");
    }
}
