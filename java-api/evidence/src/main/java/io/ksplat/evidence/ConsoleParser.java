// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import io.ksplat.evidence.internal.console.Assembler;
import io.ksplat.evidence.internal.console.LineCounter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Finds {@link Evidence} in a console's bytes while they come in. Evidence appears as soon as its report is whole: its end or another's begin was seen, it
 * has been quiet for long, or it has grown beyond bounds; {@link #flush()} and {@link #close()} force it. Memory is bounded whatever the text. Not safe for
 * use by several threads at once.
 *
 * <pre>{@code
 * for (Evidence found : ConsoleParser.parse(Files.readAllBytes(Path.of("console.log")))) {
 *     System.out.println(found.kind() + " " + found.title());
 * }
 * }</pre>
 */
public final class ConsoleParser implements AutoCloseable {
    /** A line longer than this is handled in pieces. */
    private static final int WINDOW = 1 << 16;

    private final Assembler assembler;

    /** A line whose end has not come yet. */
    private final byte[] window = new byte[WINDOW];

    private int filled;

    /** The number of the line that comes next. */
    private long line = 1;

    public ConsoleParser(Consumer<Evidence> sink) {
        this(sink, ParserOptions.DEFAULT);
    }

    public ConsoleParser(Consumer<Evidence> sink, ParserOptions options) {
        this(sink, () -> options);
    }

    /** Options that may change while the console runs: they are asked for at each line that they matter to. */
    public ConsoleParser(Consumer<Evidence> sink, Supplier<ParserOptions> options) {
        assembler = new Assembler(sink, options);
    }

    /** The evidence in a whole text, in the order of the first lines. */
    public static List<Evidence> parse(byte[] text) {
        return parse(text, ParserOptions.DEFAULT);
    }

    /** As {@link #parse(byte[])}. */
    public static List<Evidence> parse(byte[] text, ParserOptions options) {
        List<Evidence> found = new ArrayList<>();
        try (ConsoleParser parser = new ConsoleParser(found::add, options)) {
            parser.feed(text, 0, text.length);
        }
        return found;
    }

    /** Takes more text, cut anywhere. */
    public void feed(byte[] buffer, int offset, int length) {
        int from = offset;
        int to = offset + length;
        while (from < to) {
            int end = filled == 0 ? lastLineEnd(buffer, from, Math.min(to, from + WINDOW)) : from;
            if (end > from) {
                lines(buffer, from, end);
                from = end;
                continue;
            }
            int most = Math.min(to, from + WINDOW - filled);
            int stop = firstLineEnd(buffer, from, most);
            System.arraycopy(buffer, from, window, filled, stop - from);
            filled += stop - from;
            from = stop;
            if (filled == WINDOW || isLineEnd(buffer[stop - 1])) {
                lines(window, 0, filled);
                filled = 0;
            }
        }
    }

    /** Emits what is complete enough now; for a console that has gone quiet. What is not complete is emitted by the next call without text in between. */
    public void flush() {
        assembler.flush();
    }

    /** Ends the text, and emits the rest. */
    @Override
    public void close() {
        lines(window, 0, filled);
        filled = 0;
        assembler.close();
    }

    /** How often noise was passed over that the caller caused, or that never is evidence. */
    public Map<Noise, Long> ignored() {
        return assembler.ignored();
    }

    /** The index after the last line end in {@code [from, to)}; {@code from} if there is none. */
    private static int lastLineEnd(byte[] text, int from, int to) {
        int end = to;
        while (end > from && !isLineEnd(text[end - 1])) {
            end--;
        }
        return end;
    }

    /** The index after the first line end in {@code [from, to)}; {@code to} if there is none. */
    private static int firstLineEnd(byte[] text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (isLineEnd(text[i])) {
                return i + 1;
            }
        }
        return to;
    }

    private void lines(byte[] text, int from, int to) {
        int counted = from;
        int at = from;
        while (at < to) {
            if (!assembler.isReading()) {
                int hit = Assembler.next(text, at, to);
                if (hit < 0) {
                    break;
                }
                while (hit > at && !isLineEnd(text[hit - 1])) {
                    hit--;
                }
                at = hit;
            }
            int stop = at;
            while (stop < to && !isLineEnd(text[stop])) {
                stop++;
            }
            if (stop > at) {
                line += LineCounter.count(text, counted, at);
                counted = at;
                assembler.line(text, at, stop, line);
            }
            at = stop + 1;
        }
        line += LineCounter.count(text, counted, to);
    }

    private static boolean isLineEnd(byte b) {
        return b == '\n' || b == '\r';
    }
}
