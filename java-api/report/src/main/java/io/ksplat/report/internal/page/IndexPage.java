// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.Judged;
import io.ksplat.results.internal.LogReport;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.StoredRun;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The first page.
 *
 * @param unexpected the runs that are not as expected, as far as the page lists them
 * @param runs all runs, as far as the page lists them
 */
public record IndexPage(
        int total,
        int asExpected,
        Map<Verdict, Integer> counts,
        List<Column> kernels,
        List<Row> rows,
        List<Line> unexpected,
        List<Line> runs,
        Optional<Changes> changes,
        List<String> files) {
    private static final int MOST_LINES = 2000;
    private static final int MOST_UNEXPECTED = 100;
    private static final int MOST_ROWS = 1500;
    private static final int MOST_COLUMNS = 40;

    /** A kernel: its spec, and what runs say it is. */
    public record Column(String spec, String release) {}

    public record Row(String reproducer, List<Cell> cells) {}

    /** What a reproducer did on a kernel; no verdicts if it was not run there. */
    public record Cell(List<Result> results, int runs, int asExpected) {
        public boolean isUnexpected() {
            return asExpected < runs;
        }

        /** Returns the classes by which a filter finds it. */
        public String styles() {
            StringBuilder styles = new StringBuilder(isUnexpected() ? "unexpected" : "expected");
            results.forEach(result -> styles.append(" has-").append(result.verdict()));
            return styles.toString();
        }
    }

    /**
     * Runs with the same verdict.
     *
     * @param flag of the first of them that is not as expected, whose page {@code href} is, if one is not
     */
    public record Result(Verdict verdict, int count, Optional<String> flag, String href) {}

    /**
     * A run.
     *
     * @param kernel its release, or its spec if another kernel of the report has the same release
     */
    public record Line(RunRecord run, String kernel, String href, String sentence) {
        public boolean isUnexpected() {
            return Judged.isUnexpected(run);
        }

        public Optional<String> flag() {
            return IndexPage.flag(run);
        }
    }

    /** Lays out the runs. */
    public static IndexPage of(List<StoredRun> stored, Optional<Changes> changes, List<String> files) {
        List<RunRecord> all = stored.stream().map(StoredRun::run).toList();
        Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
        all.forEach(run -> counts.merge(run.verdict(), 1, Integer::sum));
        Map<String, Column> kernels = new LinkedHashMap<>();
        Map<String, Map<String, List<RunRecord>>> cells = new TreeMap<>();
        for (RunRecord run : all) {
            String spec = run.kernel().spec();
            kernels.merge(
                    spec,
                    new Column(spec, run.kernel().release()),
                    (known, other) -> known.release().isEmpty() ? other : known);
            cells.computeIfAbsent(run.reproducer(), id -> new LinkedHashMap<>())
                    .computeIfAbsent(spec, kernel -> new ArrayList<>())
                    .add(run);
        }
        List<Column> columns = kernels.values().stream().limit(MOST_COLUMNS).toList();
        List<Row> rows = new ArrayList<>();
        for (Map.Entry<String, Map<String, List<RunRecord>>> row : cells.entrySet()) {
            if (rows.size() < MOST_ROWS) {
                rows.add(new Row(
                        row.getKey(),
                        columns.stream()
                                .map(column -> cell(row.getValue().getOrDefault(column.spec(), List.of())))
                                .toList()));
            }
        }
        Map<String, Long> ofRelease =
                kernels.values().stream().collect(Collectors.groupingBy(Column::release, Collectors.counting()));
        Function<RunRecord, Line> line =
                run -> line(run, ofRelease.getOrDefault(run.kernel().release(), 1L) > 1);
        List<RunRecord> unexpected = all.stream().filter(Judged::isUnexpected).toList();
        // What is not as expected stands first, wherever a list has an end.
        List<Line> lines = Stream.concat(unexpected.stream(), all.stream().filter(run -> !Judged.isUnexpected(run)))
                .limit(MOST_LINES)
                .map(line)
                .toList();
        return new IndexPage(
                all.size(),
                all.size() - unexpected.size(),
                counts,
                columns,
                rows,
                unexpected.stream().limit(MOST_UNEXPECTED).map(line).toList(),
                lines,
                changes,
                files);
    }

    public int notAsExpected() {
        return total - asExpected;
    }

    /** Returns whether there are only logs, which no run of ksplat's has printed. */
    public boolean isOfLogs() {
        return !runs.isEmpty() && runs.stream().allMatch(line -> LogReport.isLog(line.run()));
    }

    public String count() {
        String what = isOfLogs() ? "log" : "run";
        return total == 1 ? "1 " + what : total + " " + what + "s";
    }

    /** Says how the runs compare with what was expected. */
    public String expectation() {
        if (isOfLogs()) {
            return notAsExpected() > 0 ? notAsExpected() + " with reports" : "no report";
        }
        return notAsExpected() > 0
                ? notAsExpected() + " not as expected"
                : Judged.words(runs.stream().map(Line::run).toList());
    }

    /** Returns the link to a run's page. */
    public static String href(RunRecord run) {
        return Words.href(RunFolder.name(run)) + "/index.html";
    }

    private static Line line(RunRecord run, boolean bySpec) {
        String kernel = bySpec ? run.kernel().spec() : run.kernel().shortName();
        return new Line(run, Words.revision(kernel), href(run), Words.shortened(Sentence.of(run)));
    }

    /** Returns what was expected instead; empty if that is what there is, or if nobody expects anything of a log. */
    private static Optional<String> flag(RunRecord run) {
        if (!Judged.isUnexpected(run) || LogReport.isLog(run)) {
            return Optional.empty();
        }
        return Optional.of(run.verdict() == run.expected() ? "differs" : "expected " + run.expected());
    }

    private static Cell cell(List<RunRecord> runs) {
        Map<Verdict, List<RunRecord>> byVerdict = new EnumMap<>(Verdict.class);
        runs.forEach(run -> byVerdict
                .computeIfAbsent(run.verdict(), verdict -> new ArrayList<>())
                .add(run));
        List<Result> results = new ArrayList<>();
        byVerdict.forEach((verdict, same) -> {
            RunRecord first =
                    same.stream().filter(Judged::isUnexpected).findFirst().orElse(same.get(0));
            results.add(new Result(verdict, same.size(), flag(first), href(first)));
        });
        return new Cell(results, runs.size(), (int)
                runs.stream().filter(run -> !Judged.isUnexpected(run)).count());
    }
}
