// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.wire.ReportJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Which part of a plan a report is, as {@code results.json} says it.
 *
 * @param digest the plan's
 * @param shard {@code 2/8}; {@code joint} of what several wrote
 * @param units those whose runs are in the report
 */
public record PlanPart(String digest, String shard, List<String> units) {
    public PlanPart {
        units = List.copyOf(units);
    }

    /** Enters it into a report that is closed. */
    public static void enter(Path report, PlanPart part) throws IOException {
        List<RunRecord> runs =
                StoredReport.read(report).stream().map(StoredRun::run).toList();
        new ReportFolder(report).replace(StoredReport.RESULTS, out -> ReportJson.writeResults(out, runs, part));
    }

    /** Writes runs that nobody ran: their files are the same whenever they are written. */
    public static void writeUndated(Path report, List<RunRecord> runs) throws IOException {
        ReportFolder folder = new ReportFolder(report);
        for (RunRecord run : runs) {
            Files.createDirectories(report.resolve(RunFolder.name(run)));
            folder.replace(
                    RunFolder.name(run) + "/" + StoredReport.RUN,
                    out -> ReportJson.writeRun(out, StoredRun.undated(run)));
        }
    }
}
