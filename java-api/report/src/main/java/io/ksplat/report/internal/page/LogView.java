// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;

/**
 * A log as a page shows it: all of a short one; of a long one its beginning, its end, and what lies around the marked lines.
 *
 * @param lines all that are shown; where their numbers jump, some are left out
 * @param total how many lines the log has
 * @param whole whether it was read to its end
 */
public record LogView(List<Line> lines, long total, boolean whole) {
    /** A log that is larger is not read on; the file is beside the page. */
    private static final long MOST_BYTES = 64L << 20;

    private static final int HEAD = 120;
    private static final int TAIL = 160;
    private static final int BEFORE = 6;
    private static final int AFTER = 60;
    private static final int LONGEST = 1000;
    private static final int BUFFER = 1 << 16;

    public LogView {
        lines = List.copyOf(lines);
    }

    /**
     * A line.
     *
     * @param left how many lines before it are left out
     * @param anchor what links lead to; empty if nothing does
     */
    public record Line(long number, long left, String anchor, String text) {
        public boolean isMarked() {
            return !anchor.isEmpty();
        }
    }

    /**
     * Reads a log.
     *
     * @param marks the anchors of lines, by their number from 1
     * @return empty if there is none, or nothing in it
     */
    public static Optional<LogView> of(Path file, NavigableMap<Long, String> marks) throws IOException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        Reader reader = new Reader(marks);
        boolean whole;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            whole = reader.read(in);
        }
        LogView view = reader.end(whole);
        return view.lines.isEmpty() ? Optional.empty() : Optional.of(view);
    }

    private static final class Reader {
        private record Read(long number, String text) {}

        private final NavigableMap<Long, String> marks;
        private final List<Line> kept = new ArrayList<>();
        private final Deque<Read> last = new ArrayDeque<>();
        private final byte[] line = new byte[LONGEST];
        private int length;
        private boolean longer;
        private long number;
        private long shown;

        Reader(NavigableMap<Long, String> marks) {
            this.marks = marks;
        }

        boolean read(InputStream in) throws IOException {
            byte[] buffer = new byte[BUFFER];
            long bytes = 0;
            while (bytes < MOST_BYTES) {
                int count = in.read(buffer);
                if (count < 0) {
                    flush();
                    return true;
                }
                bytes += count;
                for (int i = 0; i < count; i++) {
                    if (buffer[i] == '\n') {
                        endLine();
                    } else if (length < LONGEST) {
                        line[length++] = buffer[i];
                    } else {
                        longer = true;
                    }
                }
            }
            flush();
            return false;
        }

        private void flush() {
            if (length > 0) {
                endLine();
            }
        }

        private void endLine() {
            number++;
            boolean wanted = number <= HEAD || nearMark();
            Read read = new Read(number, text());
            if (wanted) {
                keep(read);
            } else {
                last.add(read);
                if (last.size() > TAIL) {
                    last.remove();
                }
            }
            length = 0;
            longer = false;
        }

        private boolean nearMark() {
            Long before = marks.floorKey(number);
            Long after = marks.ceilingKey(number);
            return before != null && number - before <= AFTER || after != null && after - number <= BEFORE;
        }

        private String text() {
            int end = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
            return new String(line, 0, end, StandardCharsets.UTF_8) + (longer ? "..." : "");
        }

        private void keep(Read read) {
            String anchor = marks.getOrDefault(read.number(), "");
            kept.add(new Line(read.number(), read.number() - shown - 1, anchor, read.text()));
            shown = read.number();
        }

        LogView end(boolean whole) {
            for (Read read : last) {
                if (read.number() > shown) {
                    keep(read);
                }
            }
            return new LogView(kept, number, whole);
        }
    }
}
