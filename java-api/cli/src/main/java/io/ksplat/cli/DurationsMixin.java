// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.KnownDurations;
import io.ksplat.campaign.internal.fleet.PlanReport;
import io.ksplat.campaign.internal.history.History;
import io.ksplat.results.ResultsReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What tells a plan how long runs take. */
final class DurationsMixin {
    @Option(
            names = "--from",
            paramLabel = "DIR",
            description =
                    "An earlier report, or shards of a plan, which tells how long each takes; may be given several times.")
    private List<Path> earlier = List.of();

    @Option(
            names = "--history",
            paramLabel = "HISTORY",
            description = "Tells how long each takes, of all reports that were added: see ksplat help history.")
    private @Nullable String history;

    /** Reads what is known. */
    KnownDurations read() throws IOException {
        KnownDurations durations = new KnownDurations();
        for (Path report : earlier) {
            if (PlanReport.isOne(report)) {
                PlanReport.read(report).tell(durations);
            } else {
                durations.add(ResultsReader.read(report));
            }
        }
        if (history != null) {
            try (History past = History.existing(history)) {
                past.tell(durations);
            }
        }
        return durations;
    }
}
