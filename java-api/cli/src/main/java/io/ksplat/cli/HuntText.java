// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.hunt.HuntResult;
import java.nio.file.Path;
import java.util.Locale;

/** Says in words what a hunt has found. */
final class HuntText {
    private HuntText() {}

    static String of(HuntResult result, Path report) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%-34s %-13s %12s %7s %10s%n",
                result.kernel(),
                "answer",
                "instructions",
                "points",
                "succeeded"));
        for (HuntResult.Tried tried : result.operations()) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-34s %-13s %12d %7d %10d%s%n",
                    tried.name(),
                    tried.answer(),
                    tried.instructions(),
                    tried.points(),
                    tried.succeeded(),
                    tried.message().map(why -> "  " + why).orElse("")));
            for (HuntResult.Finding finding : tried.findings()) {
                text.append(String.format(
                        Locale.ROOT,
                        "  from %s to %s, waits for %s, %s%s%n  %s%n  ksplat run %s --kernel %s%n",
                        finding.from(),
                        finding.to(),
                        finding.lock(),
                        finding.confirmed() ? "confirmed" : "not confirmed",
                        finding.known().map(why -> ", known: " + why).orElse(""),
                        finding.signature(),
                        report.resolve(finding.reproducer()),
                        result.kernel()));
            }
        }
        if (!result.untried().isEmpty()) {
            text.append("Not tried, the time was up: ")
                    .append(String.join(", ", result.untried()))
                    .append('\n');
        }
        return text.toString();
    }
}
