// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import io.ksplat.evidence.internal.console.Assembler;
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
    private final byte[] window = new byte[WINDOW];
    private int filled;

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
        int left = length;
        while (left > 0) {
            int taken = Math.min(left, WINDOW - filled);
            System.arraycopy(buffer, from, window, filled, taken);
            int before = filled;
            filled += taken;
            from += taken;
            left -= taken;
            int end = lastLineEnd(before);
            if (end == 0 && filled == WINDOW) {
                end = WINDOW;
            }
            lines(end);
            System.arraycopy(window, end, window, 0, filled - end);
            filled -= end;
        }
    }

    /** Emits what is complete enough now; for a console that has gone quiet. What is not complete is emitted by the next call without text in between. */
    public void flush() {
        assembler.flush();
    }

    /** Ends the text, and emits the rest. */
    @Override
    public void close() {
        lines(filled);
        filled = 0;
        assembler.close();
    }

    /** How often noise was passed over that the caller caused, or that never is evidence. */
    public Map<Noise, Long> ignored() {
        return assembler.ignored();
    }

    private int lastLineEnd(int notBefore) {
        for (int i = filled; i > notBefore; i--) {
            if (isLineEnd(window[i - 1])) {
                return i;
            }
        }
        return 0;
    }

    private void lines(int end) {
        int at = 0;
        while (at < end) {
            if (!assembler.isReading()) {
                int hit = Assembler.next(window, at, end);
                if (hit < 0) {
                    return;
                }
                while (hit > at && !isLineEnd(window[hit - 1])) {
                    hit--;
                }
                at = hit;
            }
            int stop = at;
            while (stop < end && !isLineEnd(window[stop])) {
                stop++;
            }
            if (stop > at) {
                assembler.line(window, at, stop);
            }
            at = stop + 1;
        }
    }

    private static boolean isLineEnd(byte b) {
        return b == '\n' || b == '\r';
    }
}
