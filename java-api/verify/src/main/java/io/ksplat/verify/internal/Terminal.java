// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** One line that changes, with lines above it that stay; where there is no terminal, a line now and then. */
final class Terminal {
    private static final String CLEAR_LINE = "\r\033[K";
    private static final int WIDTH = 118;
    /** A log wants to show that something goes on, not more. */
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(30);

    private final PrintStream out;
    private final boolean changes;
    private String shown = "";
    private long printed = System.nanoTime();

    Terminal(PrintStream out, boolean changes) {
        this.out = out;
        this.changes = changes;
    }

    /** Prints a line that stays. */
    synchronized void say(String line) {
        out.println((shown.isEmpty() ? "" : CLEAR_LINE) + line);
        shown = "";
        out.flush();
    }

    /** Shows what is being done. */
    synchronized void status(String line) {
        String cut = line.length() > WIDTH ? line.substring(0, WIDTH - 3) + "..." : line;
        if (changes) {
            if (!cut.equals(shown)) {
                out.print(CLEAR_LINE + cut);
                out.flush();
                shown = cut;
            }
        } else if (System.nanoTime() - printed > BETWEEN_LINES.toNanos()) {
            out.println(line);
            out.flush();
            printed = System.nanoTime();
        }
    }

    /** Says a time as a person would. */
    static String left(Optional<Duration> time) {
        return time.map(left -> left.toSeconds() < 60
                        ? String.format(Locale.ROOT, "%d s left", left.toSeconds())
                        : String.format(Locale.ROOT, "%d min left", (left.toSeconds() + 59) / 60))
                .orElse("");
    }
}
