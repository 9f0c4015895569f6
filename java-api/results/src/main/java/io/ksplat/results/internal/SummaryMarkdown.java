// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** {@code summary.md}: a report on one page, what was not expected first, for GitHub's job summary and the like. */
final class SummaryMarkdown {
    /** GitHub takes 1,024 KB. */
    private static final int MOST = 1_000_000;

    private static final int ROWS = 200;

    private static final int LENGTH = 500;

    private SummaryMarkdown() {}

    static String of(List<RunRecord> runs, String table) {
        if (runs.isEmpty()) {
            return "### ksplat: no runs\n";
        }
        List<RunRecord> unexpected = runs.stream().filter(Judged::isUnexpected).toList();
        StringBuilder text = new StringBuilder("### ksplat: ")
                .append(runs.size() == 1 ? "1 run, " : runs.size() + " runs, ")
                .append(Judged.words(runs))
                .append("\n\n| verdict | runs |\n|---|---|\n");
        Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
        runs.forEach(run -> counts.merge(run.verdict(), 1, Integer::sum));
        counts.forEach((verdict, count) ->
                text.append("| ").append(verdict).append(" | ").append(count).append(" |\n"));
        if (!unexpected.isEmpty()) {
            text.append("\n#### Not as expected\n\n");
            text.append("| reproducer | kernel | attempt | verdict | expected | why |\n|---|---|---|---|---|---|\n");
            unexpected.stream().limit(ROWS).forEach(run -> row(text, run));
            if (unexpected.size() > ROWS) {
                text.append("\n... ").append(unexpected.size() - ROWS).append(" more\n");
            }
        }
        String cycle = CycleMermaid.of(runs);
        if (!cycle.isEmpty()) {
            text.append('\n').append(cycle);
        }
        return text.append("\n#### Reproducers and kernels\n\n")
                .append(fitting(table, MOST - text.toString().getBytes(StandardCharsets.UTF_8).length))
                .toString();
    }

    /** Cuts a table behind a whole line. */
    private static String fitting(String table, int room) {
        byte[] bytes = table.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= room) {
            return table;
        }
        int end = room;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8) + "\n... the rest is in table.md\n";
    }

    private static void row(StringBuilder text, RunRecord run) {
        text.append("| ")
                .append(Markdown.code(run.reproducer()))
                .append(" | ")
                .append(Markdown.text(run.kernel().shortName()))
                .append(" | ")
                .append(run.attempt())
                .append(" | ")
                .append(run.verdict())
                .append(" | ")
                .append(run.expected())
                .append(" | ")
                .append(Markdown.text(shortened(TestStatus.why(run))))
                .append(" |\n");
    }

    private static String shortened(String text) {
        return text.length() <= LENGTH ? text : text.substring(0, LENGTH) + "...";
    }
}
