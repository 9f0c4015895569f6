// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.report.internal.page.Words;
import io.ksplat.results.internal.campaign.BenchRecord;
import io.ksplat.results.internal.campaign.BisectRecord;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.HistoryRecord;
import io.ksplat.results.internal.campaign.HuntRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import io.ksplat.results.internal.campaign.SweepRecord;

/** What the first page says of a sweep, a hunt, a bisection, a patch trial, a benchmark or a history. */
public record CampaignLink(String name, String href, String verdict, String style, String sentence) {
    public static CampaignLink of(CampaignFiles.Stored stored) {
        String href = Words.href(stored.page());
        if (stored.record() instanceof SweepRecord sweep) {
            boolean deadly = sweep.stretches().stream()
                    .anyMatch(each -> SweepStrip.style(each.verdict()).equals("deadly"));
            return new CampaignLink(
                    "Sweep of " + Words.shortened(sweep.reproducer()) + " on " + Words.shortened(sweep.kernel()),
                    href,
                    deadly ? "DEADLOCKS" : "",
                    "v-DEADLOCK",
                    SweepPage.sentence(sweep));
        }
        if (stored.record() instanceof BisectRecord bisect) {
            return new CampaignLink(
                    "Bisection of " + Words.shortened(bisect.reproducer()),
                    href,
                    Words.shortened(bisect.verdict(), 40),
                    bisect.isFound() ? "v-REJECTED" : "v-INCONCLUSIVE",
                    BisectPage.sentence(bisect));
        }
        if (stored.record() instanceof PatchRecord patch) {
            return new CampaignLink(
                    "Patch trial",
                    href,
                    Words.shortened(patch.verdict(), 40),
                    PatchPage.style(patch.verdict()),
                    Words.shortened(patch.why(), 600));
        }
        if (stored.record() instanceof HuntRecord hunt) {
            boolean deadly =
                    hunt.operations().stream().anyMatch(each -> !each.findings().isEmpty());
            return new CampaignLink(
                    HuntPage.title(hunt), href, deadly ? "DEADLOCKS" : "", "v-DEADLOCK", HuntPage.sentence(hunt));
        }
        if (stored.record() instanceof HistoryRecord history) {
            return new CampaignLink(
                    "History" + (history.name().isEmpty() ? "" : " of " + Words.shortened(history.name(), 80)),
                    href,
                    "",
                    "",
                    HistoryPage.sentence(history));
        }
        BenchRecord bench = (BenchRecord) stored.record();
        return new CampaignLink("Benchmark " + Words.shortened(bench.bench()), href, "", "", BenchPage.sentence(bench));
    }
}
