// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.wire.ReportJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The files of a report that hold all of its runs. */
public final class JointFiles {
    private JointFiles() {}

    /**
     * Writes all of them.
     *
     * @param stored the runs, in the order of the report
     */
    public static void write(ReportFolder folder, List<StoredRun> stored) throws IOException {
        List<RunRecord> runs = stored.stream().map(StoredRun::run).toList();
        folder.replace(StoredReport.RESULTS, out -> ReportJson.writeResults(out, runs));
        String table = MarkdownTable.of(List.of(runs));
        folder.replace("table.md", out -> out.write(table.getBytes(StandardCharsets.UTF_8)));
        folder.replace(
                "summary.md", out -> out.write(SummaryMarkdown.of(runs, table).getBytes(StandardCharsets.UTF_8)));
        List<StoredRun> asTheyBegan =
                stored.stream().sorted(Comparator.comparing(StoredRun::begun)).toList();
        folder.replace("open-test-report.xml", out -> OpenTestWriter.write(out, asTheyBegan));
        Map<String, List<RunRecord>> suites = new LinkedHashMap<>();
        runs.forEach(run -> suites.computeIfAbsent(run.reproducer(), id -> new ArrayList<>())
                .add(run));
        for (Map.Entry<String, List<RunRecord>> suite : suites.entrySet()) {
            folder.replace(
                    "TEST-" + RunFolder.fileName(suite.getKey()) + ".xml",
                    out -> JUnitXmlWriter.write(out, suite.getKey(), suite.getValue(), folder.path()));
        }
    }
}
