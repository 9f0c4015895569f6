// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.StoredRun;
import io.ksplat.results.internal.campaign.BenchRecord;
import io.ksplat.results.internal.campaign.BisectRecord;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.HistoryRecord;
import io.ksplat.results.internal.campaign.HuntRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Lays out the pages of a report's sweeps, hunts, bisections, patch trials, benchmarks and histories. */
public final class CampaignPages {
    private final Path report;
    private final Map<String, RunRecord> runs = new LinkedHashMap<>();

    public CampaignPages(Path report, List<StoredRun> stored) {
        this.report = report;
        stored.forEach(run -> runs.put(RunFolder.name(run.run()), run.run()));
    }

    /** Returns what the template of its kind shows. */
    public Object of(CampaignFiles.Stored stored) {
        String root =
                "../".repeat((int) stored.folder().chars().filter(c -> c == '/').count());
        if (stored.record() instanceof SweepRecord sweep) {
            return SweepPage.of(sweep, root, present(stored.folder(), "sweep.json", "sweep.txt", "listing.txt"));
        }
        if (stored.record() instanceof BisectRecord bisect) {
            return BisectPage.of(bisect, root, runs, present(stored.folder(), "bisect.json", "results.json"));
        }
        if (stored.record() instanceof PatchRecord patch) {
            return PatchPage.of(patch, root, runs, present(stored.folder(), "patch.json", "patch.txt", "results.json"));
        }
        if (stored.record() instanceof HuntRecord hunt) {
            return HuntPage.of(hunt, root, runs, present(stored.folder(), "hunt.json"));
        }
        if (stored.record() instanceof HistoryRecord history) {
            return HistoryPage.of(history, root, present(stored.folder(), "history.json"));
        }
        return BenchPage.of(
                (BenchRecord) stored.record(), root, present(stored.folder(), "bench.json", "results.json"));
    }

    private List<String> present(String folder, String... names) {
        return List.of(names).stream()
                .filter(name -> Files.exists(report.resolve(folder + name)))
                .toList();
    }
}
