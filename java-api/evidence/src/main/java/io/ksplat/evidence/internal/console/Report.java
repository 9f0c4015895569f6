// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;

/** The lines of one report while they come in. */
final class Report {
    /** A report that never ends is cut here. */
    private static final int MOST_LINES = 4000;

    private static final int MOST_CHARACTERS = 1 << 19;

    /** How many lines without a frame end it: before its first trace, after one, and after its end was printed. */
    private static final int QUIET_BEFORE = 80;

    private static final int QUIET_AFTER = 40;
    private static final int QUIET_ENDED = 12;

    /** Lines in which the heads of one exception come, and those of one leak. */
    private static final int MOST_FAULT_HEAD = 24;

    private static final int MOST_LEAK_HEAD = 3;

    /** Seconds of the kernel's clock: backtraces of other CPUs are waited for 10 (nmi_trigger_cpumask_backtrace, lib/nmi_backtrace.c). */
    private static final double LONGEST_PAUSE = 15;

    final Rules.Match match;
    final List<Line> lines = new ArrayList<>();

    /** The 1-based number of the first line in the text. */
    final long number;

    private int characters;
    private int quiet;
    private boolean traced;
    private boolean ended;
    private boolean closed;
    private double lastTold = Double.NaN;

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

    /** What the head has in a named group; empty if the rule has no such group, or it matched nothing. */
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

    /** Whether enough of it is there to make sense of it, should nothing more come. */
    boolean isTelling() {
        return traced || ended || rule().family() == Rule.Family.LINE;
    }

    /** Whether a line that could begin a report only goes on with this one. */
    boolean goesOnWith(Rule next) {
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

    /** Whether the line came too late to belong here. */
    boolean isPast(Line line) {
        return line.seconds().isPresent() && line.seconds().getAsDouble() - lastTold > LONGEST_PAUSE;
    }

    void add(Line line) {
        lines.add(line);
        characters += line.text().length() + 32;
        if (tells(line.text())) {
            quiet = 0;
            if (line.seconds().isPresent()) {
                lastTold = line.seconds().getAsDouble();
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

    private boolean tells(String text) {
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
