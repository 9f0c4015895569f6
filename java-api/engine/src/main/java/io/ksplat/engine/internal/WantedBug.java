// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.engine.Scenario;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Verdict;
import io.ksplat.evidence.internal.console.ReportTitle;
import java.util.List;
import java.util.Optional;

/**
 * The bug that a scenario names, beside the one that a run shows.
 *
 * @param title empty: any bug is the one
 */
public record WantedBug(Optional<ReportTitle> title) {
    /**
     * Returns that of a scenario.
     *
     * @throws IllegalArgumentException in one line, if what it names is no title of a report
     */
    public static WantedBug of(Scenario scenario) {
        return new WantedBug(scenario.bug()
                .map(text -> ReportTitle.parse(text)
                        .orElseThrow(() -> new IllegalArgumentException(scenario.id() + " names the bug \"" + text
                                + "\", which is no title of a report, such as possible deadlock in foo"))));
    }

    /** Returns what differs though the kernel splatted: another bug did it. */
    public Optional<String> mismatch(Verdict verdict, List<Evidence> evidence) {
        return title.filter(wanted -> verdict.isSplat() && evidence.stream().noneMatch(wanted::isOf))
                .map(wanted -> "another bug: " + shown(verdict, evidence) + "; the reproducer is of " + wanted.text());
    }

    /** Returns what people should know of a run that shows it. */
    public Optional<String> note(List<Evidence> evidence) {
        return title.filter(wanted -> evidence.stream().anyMatch(wanted::isOf))
                .map(wanted -> "it shows the bug that the reproducer is of: " + wanted.text());
    }

    private static String shown(Verdict verdict, List<Evidence> evidence) {
        return new Findings(evidence, List.of(), true)
                .decisive(verdict).stream().map(Evidence::title).findFirst().orElse(verdict.toString());
    }
}
