// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.kernel.Progress;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/** Tells what is being done right now: one line of the terminal that changes, or one line each if stderr is no terminal. */
public final class TerminalProgress implements Progress {
    private static final String CLEAR_LINE = "\r\033[K";
    private static final int WIDTH = 110;
    /** A log would fill with the thousand steps of a build. */
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(10);

    private final PrintWriter err;
    private final boolean terminal;
    private final long start = System.nanoTime();
    private String last = "";
    private long printed;

    private TerminalProgress(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    /** Returns progress that is printed on stderr. */
    public static TerminalProgress on(PrintWriter err) {
        return new TerminalProgress(err, Boolean.getBoolean("ksplat.terminal"));
    }

    @Override
    public synchronized void report(String line, double fraction) {
        String text = fraction < 0 ? line : line + String.format(Locale.ROOT, " %3.0f %%", fraction * 100);
        if (text.equals(last)) {
            return;
        }
        if (!terminal && fraction > 0 && fraction < 1 && System.nanoTime() - printed < BETWEEN_LINES.toNanos()) {
            return;
        }
        last = text;
        printed = System.nanoTime();
        String stamped = String.format(Locale.ROOT, "[%6.1f s] %s", (System.nanoTime() - start) / 1e9, text.strip());
        if (terminal) {
            err.print(CLEAR_LINE + (stamped.length() > WIDTH ? stamped.substring(0, WIDTH) : stamped));
        } else {
            err.println(stamped);
        }
        err.flush();
    }

    /** Takes the changing line away, for other output. */
    public synchronized void clear() {
        if (terminal && !last.isEmpty()) {
            err.print(CLEAR_LINE);
            err.flush();
        }
        last = "";
    }
}
