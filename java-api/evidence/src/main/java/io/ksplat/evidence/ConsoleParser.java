// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import io.ksplat.evidence.internal.console.Assembler;
import io.ksplat.evidence.internal.console.Encoding;
import io.ksplat.evidence.internal.console.LineCounter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Finds {@link Evidence} in a console's bytes as they arrive. The parser emits evidence as soon as its report is complete: the parser has seen its end or
 * the start of another report, many lines have not belonged to it, or it has reached the size limit. {@link #flush()} and {@link #close()} emit it earlier.
 * Memory use is bounded for any text. Not thread-safe.
 *
 * <pre>{@code
 * for (Evidence found : ConsoleParser.parse(Files.readAllBytes(Path.of("console.log")))) {
 *     System.out.println(found.kind() + " " + found.title());
 * }
 * }</pre>
 */
public final class ConsoleParser implements AutoCloseable {
    /** Longer lines are read in pieces of this size. */
    private static final int WINDOW = 1 << 16;

    private final Assembler assembler;
    private final Encoding encoding;

    /** The beginning of a line whose end has not arrived. */
    private final byte[] window = new byte[WINDOW];

    private int filled;

    /** The 1-based number of the next line. */
    private long line = 1;

    /** Creates a parser with {@link ParserOptions#DEFAULT}. */
    public ConsoleParser(Consumer<Evidence> sink) {
        this(sink, ParserOptions.DEFAULT);
    }

    /** Creates a parser that passes evidence to {@code sink}. */
    public ConsoleParser(Consumer<Evidence> sink, ParserOptions options) {
        this(sink, () -> options);
    }

    /** Creates a parser whose options may change while it runs: it asks for them at each line that they affect. */
    public ConsoleParser(Consumer<Evidence> sink, Supplier<ParserOptions> options) {
        assembler = new Assembler(sink, options);
        encoding = new Encoding(this::plain);
    }

    /** Returns the evidence in a complete text, in the order of the first lines. */
    public static List<Evidence> parse(byte[] text) {
        return parse(text, ParserOptions.DEFAULT);
    }

    /** Returns the evidence in a complete text, as {@link #parse(byte[])} does, with other options. */
    public static List<Evidence> parse(byte[] text, ParserOptions options) {
        List<Evidence> found = new ArrayList<>();
        try (ConsoleParser parser = new ConsoleParser(found::add, options)) {
            parser.feed(text, 0, text.length);
        }
        return found;
    }

    /** Reads the next piece of text. Pieces may end anywhere, also inside a line. */
    public void feed(byte[] buffer, int offset, int length) {
        encoding.feed(buffer, offset, offset + length);
    }

    private void plain(byte[] buffer, int offset, int end) {
        int from = offset;
        int to = end;
        while (from < to) {
            int whole = filled == 0 ? lastLineEnd(buffer, from, Math.min(to, from + WINDOW)) : from;
            if (whole > from) {
                lines(buffer, from, whole);
                from = whole;
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

    /**
     * Emits reports that are complete enough to understand. Call it when the console is quiet. If no text arrives before the next
     * call, that call emits the rest.
     */
    public void flush() {
        assembler.flush();
    }

    /** Ends the text and emits all open reports. */
    @Override
    public void close() {
        encoding.close();
        lines(window, 0, filled);
        filled = 0;
        assembler.close();
    }

    /** Returns how often the parser ignored each kind of noise: noise that the caller caused, and noise that is never evidence. */
    public Map<Noise, Long> ignored() {
        return assembler.ignored();
    }

    /** Returns the titles of what user space printed that looks like the kernel's reports; empty unless the console prints facilities. */
    public List<String> printedByUserSpace() {
        return assembler.hearsay();
    }

    /** Returns the index after the last line end in {@code [from, to)}, or {@code from} if there is none. */
    private static int lastLineEnd(byte[] text, int from, int to) {
        int end = to;
        while (end > from && !isLineEnd(text[end - 1])) {
            end--;
        }
        return end;
    }

    /** Returns the index after the first line end in {@code [from, to)}, or {@code to} if there is none. */
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
