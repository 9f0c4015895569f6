// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Runs for people: the verdict first, what it rests on below. */
public final class Summary {
    /** As many frames as a terminal shows without scrolling. */
    private static final int FRAMES = 14;

    private Summary() {}

    public static String of(RunRecord run, Path report) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "%s  %s on %s%s, attempt %d, %.1f s (%s)%n",
                run.verdict(),
                run.reproducer(),
                run.kernel().release().isEmpty()
                        ? run.kernel().spec()
                        : run.kernel().release(),
                run.asExpected() ? "" : " (expected " + run.expected() + ")",
                run.attempt(),
                run.timings().totalMs() / 1000.0,
                run.accelerator().equals("none") ? "no machine" : run.accelerator()));
        run.message().ifPresent(message -> text.append("  ").append(message).append('\n'));
        for (Evidence found : run.evidence()) {
            text.append(EvidenceText.brief(found).indent(2));
        }
        // What was read from outside is exact.
        run.evidence().stream()
                .sorted(Comparator.comparing(found -> found.source() != Source.OUTSIDE))
                .flatMap(found -> found.stacks().stream().limit(2))
                .limit(2)
                .forEach(stack -> text.append(EvidenceText.of(stack, FRAMES)));
        run.notes().forEach(note -> text.append("  ").append(note).append('\n'));
        if (!run.controls().isEmpty()) {
            text.append("  controls: ")
                    .append(run.controls().stream().map(Summary::of).collect(Collectors.joining(", ")))
                    .append('\n');
        }
        if (run.bootRetries() > 0) {
            text.append("  boots that failed before this one: ")
                    .append(run.bootRetries())
                    .append('\n');
        }
        return text.append("  ").append(report.resolve(RunFolder.name(run))).append('\n').toString();
    }

    /** Several runs in a line; empty for one, which has said it all. */
    public static String of(List<RunRecord> runs) {
        if (runs.size() < 2) {
            return "";
        }
        Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
        runs.forEach(run -> counts.merge(run.verdict(), 1, Integer::sum));
        long unexpected = runs.stream().filter(run -> !run.asExpected()).count();
        return runs.size() + " runs: "
                + counts.entrySet().stream()
                        .map(entry -> entry.getValue() + " " + entry.getKey())
                        .collect(Collectors.joining(", "))
                + (unexpected == 0 ? ", all as expected" : ", " + unexpected + " not as expected") + "\n";
    }

    private static String of(Control control) {
        return control.name() + " " + control.observed() + "/" + control.required()
                + (control.passed() ? "" : " FAILED");
    }
}
