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

    private static final int LONGEST = 1000;
    private static final int BUFFER = 1 << 16;

    public LogView {
        lines = List.copyOf(lines);
    }

    /** How many lines of a long one are shown: at its beginning, around each marked line, and at its end. */
    enum Extent {
        LOG(120, 6, 60, 160),
        SOURCE(0, 9, 4, 0);

        private final int head;
        private final int before;
        private final int after;
        private final int tail;

        Extent(int head, int before, int after, int tail) {
            this.head = head;
            this.before = before;
            this.after = after;
            this.tail = tail;
        }
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
        return of(file, marks, Extent.LOG);
    }

    static Optional<LogView> of(Path file, NavigableMap<Long, String> marks, Extent extent) throws IOException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        Reader reader = new Reader(marks, extent);
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
        private final Extent extent;
        private final List<Line> kept = new ArrayList<>();
        private final Deque<Read> last = new ArrayDeque<>();
        private final byte[] line = new byte[LONGEST];
        private int length;
        private boolean longer;
        private long number;
        private long shown;

        Reader(NavigableMap<Long, String> marks, Extent extent) {
            this.marks = marks;
            this.extent = extent;
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
            boolean wanted = number <= extent.head || nearMark();
            Read read = new Read(number, text());
            if (wanted) {
                keep(read);
            } else {
                last.add(read);
                if (last.size() > extent.tail) {
                    last.remove();
                }
            }
            length = 0;
            longer = false;
        }

        private boolean nearMark() {
            Long before = marks.floorKey(number);
            Long after = marks.ceilingKey(number);
            return before != null && number - before <= extent.after
                    || after != null && after - number <= extent.before;
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
