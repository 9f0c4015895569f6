// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.report.internal.page.SessionCommand;
import io.ksplat.report.internal.page.Words;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.campaign.BisectRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The page of a bisection.
 *
 * @param runs the runs, as far as the page lists them
 * @param chart the runs in their order, a line for each kernel
 * @param command that made it, if a run of the report tells
 */
public record BisectPage(
        BisectRecord bisect,
        String root,
        List<Run> runs,
        Optional<Chart> chart,
        Optional<String> command,
        List<String> files) {
    public static final int BAR = 120;

    private static final int MOST_RUNS = 1000;
    private static final int MOST_LANES = 60;
    private static final int MOST_DRAWN = 240;
    private static final int GUTTER = 250;
    private static final int WIDTH = 900;
    private static final int LANE = 24;
    private static final int TOP = 18;

    public BisectPage {
        runs = List.copyOf(runs);
        files = List.copyOf(files);
    }

    /** A run, and the page of it; the link is empty if the report has none. */
    public record Run(int number, BisectRecord.Run run, String href) {}

    /**
     * Lays out a record.
     *
     * @param known the report's runs, by their folders
     */
    public static BisectPage of(BisectRecord bisect, String root, Map<String, RunRecord> known, List<String> files) {
        List<Run> runs = new ArrayList<>();
        for (BisectRecord.Run run : bisect.history()) {
            if (runs.size() == MOST_RUNS) {
                break;
            }
            runs.add(new Run(
                    runs.size() + 1,
                    run,
                    run.folder()
                            .filter(known::containsKey)
                            .map(folder -> Words.href(folder) + "/index.html")
                            .orElse("")));
        }
        return new BisectPage(bisect, root, runs, chart(bisect), SessionCommand.of(known.values(), "bisect"), files);
    }

    private static Optional<Chart> chart(BisectRecord bisect) {
        TreeMap<Integer, String> kernels = new TreeMap<>();
        bisect.history().forEach(run -> run.position().ifPresent(at -> kernels.put(at, run.what())));
        if (kernels.isEmpty()) {
            return Optional.empty();
        }
        Chart.Pen pen = new Chart.Pen();
        Map<Integer, Integer> lanes = new TreeMap<>();
        for (Map.Entry<Integer, String> kernel : kernels.entrySet()) {
            if (lanes.size() == MOST_LANES) {
                break;
            }
            int y = TOP + lanes.size() * LANE + LANE / 2;
            lanes.put(kernel.getKey(), y);
            pen.line(GUTTER, y, WIDTH - 10, y, "lane");
            pen.word(
                    GUTTER - 10,
                    y + 4,
                    "end",
                    isChange(bisect, kernel.getValue()) ? "side change" : "side",
                    Words.shortened(kernel.getValue(), 34));
        }
        int count = Math.min(MOST_DRAWN, bisect.history().size());
        int step = Math.min(34, (WIDTH - GUTTER - 40) / Math.max(1, count));
        for (int i = 0; i < count; i++) {
            BisectRecord.Run run = bisect.history().get(i);
            Integer y = run.position().isPresent() ? lanes.get(run.position().getAsInt()) : null;
            if (y == null) {
                continue;
            }
            int x = GUTTER + 16 + i * step;
            pen.mark(
                    x,
                    y,
                    step >= 16 ? 9 : 4,
                    "run-" + run.outcome(),
                    step >= 16 ? Integer.toString(i + 1) : "",
                    "run " + (i + 1) + ": " + run.outcome() + ", " + Words.shortened(run.word()));
        }
        int height = TOP + lanes.size() * LANE + 4;
        pen.word(GUTTER + 16, 12, "start", "tick", "first run");
        pen.word(WIDTH - 10, 12, "end", "tick", "later");
        return Optional.of(pen.end(WIDTH, height));
    }

    /** Returns whether the change came with a kernel or commit. */
    static boolean isChange(BisectRecord bisect, String what) {
        if (!bisect.isFound()) {
            return false;
        }
        return bisect.commit().isPresent()
                ? what.length() >= 12 && bisect.commit().get().startsWith(what.substring(0, 12))
                : bisect.to().filter(end -> end.spec().equals(what)).isPresent();
    }

    public boolean isChange(BisectRecord.Member member) {
        return member.count() == 1 && isChange(bisect, member.what());
    }

    public static String percent(double part) {
        double percent = 100 * part;
        return percent > 0 && percent < 0.05
                ? "below 0.1 %"
                : String.format(
                        Locale.ROOT, percent > 99 && percent < 100 || percent < 10 ? "%.1f %%" : "%.0f %%", percent);
    }

    public static int bar(double part) {
        return (int) Math.round(BAR * Math.max(0, Math.min(1, part)));
    }

    /** Returns what the runs of a member say. */
    public static String said(BisectRecord.Member member) {
        if (member.count() > 1) {
            return member.count() + " between, not run";
        }
        String shown = member.runs() == 0
                ? "not run"
                : member.seen() == 0
                        ? "good: the bug in none of " + member.runs()
                        : "bad: the bug in " + member.seen() + " of " + member.runs();
        return member.skipped() ? "skipped" + (member.runs() == 0 ? "" : "; " + shown) : shown;
    }

    public String title() {
        return "Bisection: " + Words.shortened(bisect.reproducer());
    }

    public String sentence() {
        return sentence(bisect);
    }

    static String sentence(BisectRecord bisect) {
        String word = bisect.find().equals("cure") ? "cured" : "broken";
        String bound = String.format(
                Locale.ROOT, "%d runs; wrong with a probability of %.3f at most.", bisect.runs(), bisect.errorBound());
        if (!bisect.isFound()) {
            return "It cannot be told where " + Words.shortened(bisect.reproducer()) + " was " + word + ". " + bound;
        }
        String to = bisect.to().map(BisectPage::end).orElse("");
        String from = bisect.from().map(BisectPage::end).orElse("");
        return Words.shortened(bisect.reproducer()) + " was " + word
                + bisect.commit()
                        .map(id -> " by " + Words.shortened(id, 40) + ",")
                        .orElse("")
                + " with " + to + ", and not yet with " + from + ". " + bound;
    }

    private static String end(BisectRecord.End end) {
        return Words.shortened(end.spec())
                + (end.release().isEmpty() ? "" : " (" + Words.shortened(end.release()) + ")");
    }

    public int leftRuns() {
        return bisect.history().size() - runs.size();
    }
}
