// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.EvidenceKind;
import java.util.ArrayList;
import java.util.List;
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
        if (ended && next.family() != Rule.Family.PANIC) {
            return false;
        }
        return switch (next.family()) {
            // a panic that a report leads to is its consequence
            case PANIC -> true;
            case FAULT -> !traced && (rule().family() == Rule.Family.FAULT) && lines.size() < 24;
            case MEMORY ->
                next.title().startsWith("memory leak") && rule().title().startsWith("memory leak") && lines.size() < 3;
            case STALL ->
                next.kind() == EvidenceKind.HARD_LOCKUP && rule().kind() == EvidenceKind.HARD_LOCKUP && !traced;
            // object_err and slab_err (mm/slub.c) end with a WARN()
            case WARNING -> "mm/slub.c".equals(rule().source());
            case LOCKDEP, STREAM, LINE -> false;
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
