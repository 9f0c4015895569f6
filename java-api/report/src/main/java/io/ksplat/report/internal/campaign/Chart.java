// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import java.util.ArrayList;
import java.util.List;

/** A drawing of bars, marks, lines and words. */
public record Chart(int width, int height, List<Bar> bars, List<Mark> marks, List<Line> lines, List<Word> words) {
    public Chart {
        bars = List.copyOf(bars);
        marks = List.copyOf(marks);
        lines = List.copyOf(lines);
        words = List.copyOf(words);
    }

    /** A rectangle, what stands in it if there is room, and what it says to whom points at it. */
    public record Bar(int x, int y, int width, int height, String style, String label, String title) {
        private static final double LETTER = 6.7;

        public boolean isLabelled() {
            return !label.isEmpty() && label.length() * LETTER + 4 < width;
        }

        public int middle() {
            return x + width / 2;
        }

        public int baseline() {
            return y + height / 2 + 4;
        }
    }

    /** A circle with a few letters. */
    public record Mark(int x, int y, int radius, String style, String letters, String title) {}

    public record Line(int fromX, int fromY, int toX, int toY, String style) {}

    public record Word(int x, int y, String anchor, String style, String text) {}

    /** Draws one. */
    static final class Pen {
        private final List<Bar> bars = new ArrayList<>();
        private final List<Mark> marks = new ArrayList<>();
        private final List<Line> lines = new ArrayList<>();
        private final List<Word> words = new ArrayList<>();

        void bar(int x, int y, int width, int height, String style, String label, String title) {
            bars.add(new Bar(x, y, Math.max(1, width), height, style, label, title));
        }

        void mark(int x, int y, int radius, String style, String letters, String title) {
            marks.add(new Mark(x, y, radius, style, letters, title));
        }

        void line(int fromX, int fromY, int toX, int toY, String style) {
            lines.add(new Line(fromX, fromY, toX, toY, style));
        }

        void word(int x, int y, String anchor, String style, String text) {
            words.add(new Word(x, y, anchor, style, text));
        }

        int bars() {
            return bars.size();
        }

        Chart end(int width, int height) {
            return new Chart(width, height, bars, marks, lines, words);
        }
    }
}
