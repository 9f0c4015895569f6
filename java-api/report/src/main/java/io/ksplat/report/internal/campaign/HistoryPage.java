// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.report.internal.page.Words;
import io.ksplat.results.internal.campaign.HistoryRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The page of a history: what was seen first and last, rates over time, and what is flaky. */
public record HistoryPage(HistoryRecord history, String root, Optional<Chart> chart, List<String> files) {
    public static final int MOST_SIGNATURES = 200;
    public static final int MOST_KERNELS = 60;
    public static final int MOST_ROWS = 500;
    /** As many as a screen has room for. */
    private static final int MOST_DAYS = 60;

    private static final int LEFT = 44;
    private static final int STEP = 14;
    private static final int BAR = 8;
    private static final int DATE = 70;
    private static final int WIDTH = 900;
    private static final int TOP = 14;
    private static final int HEIGHT = 120;

    public HistoryPage {
        files = List.copyOf(files);
    }

    public static HistoryPage of(HistoryRecord history, String root, List<String> files) {
        return new HistoryPage(
                history, root, history.days().isEmpty() ? Optional.empty() : Optional.of(chart(history)), files);
    }

    public String title() {
        return "History" + (history.name().isEmpty() ? "" : " of " + Words.shortened(history.name(), 80));
    }

    /** Returns what the rates are of. */
    public String measure() {
        return history.isOfSignature() ? "seen" : "not as expected";
    }

    /** Returns what the first page says of a history. */
    static String sentence(HistoryRecord history) {
        int runs = history.rows().stream()
                .flatMap(row -> row.verdicts().stream())
                .mapToInt(HistoryRecord.Count::runs)
                .sum();
        long flaky = history.rows().stream().filter(HistoryRecord.Row::flaky).count();
        String when = history.days().isEmpty()
                ? ""
                : " from " + history.days().get(0).day() + " to "
                        + history.days().get(history.days().size() - 1).day();
        return count(runs, "run") + when + ", " + count(history.signatures().size(), "signature") + ", " + flaky
                + " flaky.";
    }

    public String sentence() {
        return sentence(history);
    }

    private static String count(int number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }

    /** Returns the rows, at first those that are flaky, then by their rate. */
    public List<HistoryRecord.Row> rows() {
        return Stream.concat(
                        history.rows().stream().filter(HistoryRecord.Row::flaky),
                        history.rows().stream().filter(row -> !row.flaky()))
                .limit(MOST_ROWS)
                .toList();
    }

    public List<HistoryRecord.Signature> signatures() {
        return history.signatures().stream().limit(MOST_SIGNATURES).toList();
    }

    /** Returns the days of the chart. */
    public List<HistoryRecord.Day> days() {
        return lastDays(history);
    }

    private static List<HistoryRecord.Day> lastDays(HistoryRecord history) {
        List<HistoryRecord.Day> all = history.days();
        return all.subList(Math.max(0, all.size() - MOST_DAYS), all.size());
    }

    /** Returns how many a table leaves out. */
    public static int left(List<?> all, int most) {
        return Math.max(0, all.size() - most);
    }

    public static String rate(HistoryRecord.Rate rate) {
        return rate.runs() == 0
                ? "no run that tells"
                : String.format(
                        Locale.ROOT,
                        "%d of %d (%.0f %% to %.0f %%)",
                        rate.seen(),
                        rate.runs(),
                        100 * rate.low(),
                        100 * rate.high());
    }

    public static String span(HistoryRecord.Span span) {
        return span.first().isEmpty()
                ? "no report says when"
                : Words.shortened(span.first().get(), 40) + " to "
                        + Words.shortened(span.last().orElse(span.first().get()), 40);
    }

    public static String verdicts(HistoryRecord.Row row) {
        return Words.shortened(row.verdicts().stream()
                .map(count -> count.verdict() + " " + count.runs())
                .collect(Collectors.joining(", ")));
    }

    public static String median(HistoryRecord.Row row) {
        return row.medianMs().isEmpty()
                ? ""
                : String.format(Locale.ROOT, "%.1f s", row.medianMs().getAsLong() / 1000.0);
    }

    /** Returns in words what the chart shows. */
    public String words() {
        List<String> parts = new ArrayList<>();
        days().forEach(day -> parts.add(Words.shortened(day.day(), 40) + ": " + measure() + " " + rate(day.rate())));
        return String.join("; ", parts);
    }

    /** A bar for each day that has runs, and the interval of its rate beside it. */
    private static Chart chart(HistoryRecord history) {
        Chart.Pen pen = new Chart.Pen();
        List<HistoryRecord.Day> days = lastDays(history);
        for (int part = 0; part <= 2; part++) {
            int y = y(part / 2.0);
            pen.line(LEFT - 4, y, WIDTH - 10, y, "tick");
            pen.word(LEFT - 8, y + 4, "end", "tick", part * 50 + " %");
        }
        for (int i = 0; i < days.size(); i++) {
            HistoryRecord.Day day = days.get(i);
            HistoryRecord.Rate rate = day.rate();
            int x = LEFT + i * STEP;
            double share = rate.runs() == 0 ? 0 : (double) rate.seen() / rate.runs();
            String title = Words.shortened(day.day(), 40) + ": " + rate(rate);
            pen.bar(x, y(share), BAR, Math.max(1, y(0) - y(share)), share > 0 ? "deadly" : "safe", "", title);
            pen.line(x + BAR + 2, y(rate.low()), x + BAR + 2, y(rate.high()), "whisker");
        }
        int below = TOP + HEIGHT + 18;
        pen.word(LEFT, below, "start", "tick", Words.shortened(days.get(0).day(), 40));
        int last = LEFT + days.size() * STEP;
        // A date is longer than a few bars.
        if (last > LEFT + 2 * DATE) {
            pen.word(
                    last,
                    below,
                    "end",
                    "tick",
                    Words.shortened(days.get(days.size() - 1).day(), 40));
        }
        return pen.end(WIDTH, TOP + HEIGHT + 26);
    }

    private static int y(double share) {
        return TOP + (int) Math.round(HEIGHT * (1 - Math.max(0, Math.min(1, share))));
    }
}
