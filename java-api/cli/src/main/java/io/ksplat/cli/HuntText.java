// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.hunt.Coverage;
import io.ksplat.campaign.internal.hunt.HuntResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Says in words what a hunt has found. */
final class HuntText {
    /** Of the column of names. */
    private static final int NARROWEST = 34;

    private HuntText() {}

    static String of(HuntResult result, Path report) {
        int width = result.operations().stream()
                .mapToInt(tried -> tried.name().length())
                .reduce(NARROWEST, Math::max);
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%-" + width + "s %-13s %12s %7s %10s%n",
                result.kernel(),
                "answer",
                "instructions",
                "points",
                "succeeded"));
        for (HuntResult.Tried tried : result.operations()) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-" + width + "s %-13s %12d %7d %10d%s%n",
                    tried.name(),
                    tried.answer(),
                    tried.instructions(),
                    tried.points(),
                    tried.succeeded(),
                    tried.message().map(why -> "  " + why).orElse("")));
        }
        for (HuntResult.Group group : result.groups()) {
            text.append(group(result, group, report));
        }
        if (!result.untried().isEmpty()) {
            text.append("Not tried, since the time was up or a unit is missing: ")
                    .append(String.join(", ", result.untried()))
                    .append('\n');
        }
        for (Coverage.Destructor destructor : result.destructors()) {
            text.append("destructor ")
                    .append(destructor.name())
                    .append(": ")
                    .append(answers(result, destructor))
                    .append('\n');
        }
        return text.append(list(
                        "Map types that no operation tries", result.uncovered().maps()))
                .append(list(
                        "Helpers that no operation tries", result.uncovered().helpers()))
                .append(list(
                        "Kfuncs that no operation tries", result.uncovered().kfuncs()))
                .append(refused(result.uncovered().refused().size()))
                .toString();
    }

    private static String refused(int calls) {
        return calls == 0
                ? "Whether programs in NMIs may call these, the verifier was not asked.\n"
                : "The verifier refuses " + calls + " other helpers and kfuncs to such programs.\n";
    }

    private static String answers(HuntResult result, Coverage.Destructor destructor) {
        if (destructor.operations().isEmpty()) {
            return "no operation drops such an object";
        }
        return destructor.operations().stream()
                .map(name -> name + " "
                        + result.operations().stream()
                                .filter(tried -> tried.name().equals(name))
                                .map(tried -> tried.answer().name())
                                .findFirst()
                                .orElse("not tried"))
                .collect(Collectors.joining(", "));
    }

    private static String list(String title, List<String> names) {
        return title + " (" + names.size() + "): " + String.join(", ", names) + "\n";
    }

    private static String group(HuntResult result, HuntResult.Group group, Path report) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%s: waits for %s%n  %s%n",
                group.reason().map(why -> "known (" + why + ")").orElse("new"),
                group.lock(),
                group.signature().isEmpty() ? "no run of the reproducer showed it" : group.signature()));
        for (HuntResult.Tried tried : result.operations()) {
            for (HuntResult.Finding finding : tried.findings()) {
                if (finding.lock().equals(group.lock()) && finding.signature().equals(group.signature())) {
                    text.append(String.format(
                            Locale.ROOT,
                            "  %s from %s to %s, %s%n    ksplat run %s --kernel %s%n",
                            tried.name(),
                            finding.from(),
                            finding.to(),
                            finding.confirmed() ? "confirmed" : "not confirmed",
                            report.resolve(finding.reproducer()),
                            result.kernel()));
                }
            }
        }
        return text.toString();
    }
}
