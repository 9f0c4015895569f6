// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.report.internal.page.Words;
import io.ksplat.results.internal.campaign.BenchRecord;
import java.util.ArrayList;
import java.util.List;

/**
 * Figures on one axis: a point for each value, a box from quarter to quarter, a line at the median.
 *
 * @param words what it shows
 */
public record Distribution(String unit, Chart chart, String words) {
    private static final int WIDTH = 900;
    private static final int GUTTER = 250;
    private static final int LANE = 44;
    private static final int TOP = 6;
    private static final int MOST_POINTS = 400;

    /** Figures farther apart have axes of their own: else the small ones would be points. */
    private static final double FAR = 4;

    static List<Distribution> of(List<BenchRecord.Figure> figures) {
        List<List<BenchRecord.Figure>> groups = new ArrayList<>();
        for (BenchRecord.Figure figure : figures) {
            List<BenchRecord.Figure> group = groups.stream()
                    .filter(known -> isNear(known.get(0), figure))
                    .findFirst()
                    .orElseGet(() -> {
                        List<BenchRecord.Figure> fresh = new ArrayList<>();
                        groups.add(fresh);
                        return fresh;
                    });
            group.add(figure);
        }
        return groups.stream().map(Distribution::draw).toList();
    }

    private static boolean isNear(BenchRecord.Figure one, BenchRecord.Figure other) {
        double low = Math.min(one.median(), other.median());
        double high = Math.max(one.median(), other.median());
        return one.unit().equals(other.unit()) && low > 0 && high <= FAR * low;
    }

    private static Distribution draw(List<BenchRecord.Figure> figures) {
        double low = figures.stream().mapToDouble(BenchRecord.Figure::min).min().orElse(0);
        double high =
                figures.stream().mapToDouble(BenchRecord.Figure::max).max().orElse(1);
        Axis axis = Axis.around(low, Math.max(low, high), GUTTER, WIDTH - 24);
        Chart.Pen pen = new Chart.Pen();
        int bottom = TOP + figures.size() * LANE;
        for (Axis.Tick tick : axis.ticks()) {
            pen.line(tick.at(), TOP, tick.at(), bottom, "tick");
            pen.word(tick.at(), bottom + 14, "middle", "tick", tick.text());
        }
        String unit = Words.shortened(figures.get(0).unit(), 20);
        pen.word(GUTTER - 10, bottom + 14, "end", "tick", unit);
        List<String> words = new ArrayList<>();
        int y = TOP + LANE / 2;
        for (BenchRecord.Figure figure : figures) {
            lane(pen, axis, figure, y, unit);
            words.add(Words.shortened(figure.name()) + ": median " + BenchPage.number(figure.median()) + " " + unit
                    + ", from " + BenchPage.number(figure.min()) + " to " + BenchPage.number(figure.max()) + ", "
                    + figure.runs() + (figure.runs() == 1 ? " value" : " values"));
            y += LANE;
        }
        return new Distribution(unit, pen.end(WIDTH, bottom + 20), String.join("; ", words) + ".");
    }

    private static void lane(Chart.Pen pen, Axis axis, BenchRecord.Figure figure, int y, String unit) {
        pen.word(GUTTER - 10, y + 4, "end", "side", Words.shortened(figure.name(), 34));
        List<Double> values = figure.values().stream().sorted().toList();
        if (values.size() > 1) {
            pen.line(axis.at(figure.min()), y, axis.at(figure.max()), y, "whisker");
            int from = axis.at(quantile(values, 0.25));
            int to = axis.at(quantile(values, 0.75));
            pen.bar(from, y - 12, to - from, 24, "box", "", "the middle half of the values");
        }
        int step = Math.max(1, values.size() / MOST_POINTS);
        for (int i = 0; i < values.size(); i += step) {
            // Beside each other: equal values would hide each other.
            int aside = (i / step * 7) % 19 - 9;
            pen.mark(axis.at(values.get(i)), y + aside, 2, "value", "", BenchPage.number(values.get(i)) + " " + unit);
        }
        pen.bar(
                axis.at(figure.median()) - 1,
                y - 15,
                3,
                30,
                "median",
                "",
                "median " + BenchPage.number(figure.median()));
    }

    /** Returns the value that a part of them are below; between two of them, in proportion. */
    private static double quantile(List<Double> sorted, double part) {
        double at = part * (sorted.size() - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(sorted.size() - 1, below + 1);
        return sorted.get(below) + (at - below) * (sorted.get(above) - sorted.get(below));
    }
}
