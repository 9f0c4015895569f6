// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.soak;

import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What a soak found, over all rounds that its folder has.
 *
 * @param rounds what this process held after each round that it ran; empty if others ran them
 * @param failures what no record can hold, a line each
 */
public record SoakResult(List<RunRecord> runs, List<Footprint> rounds, List<String> failures) {
    public SoakResult {
        runs = List.copyOf(runs);
        rounds = List.copyOf(rounds);
        failures = List.copyOf(failures);
    }

    /** Returns the runs whose verdict says something, and not what the reproducer says. */
    public List<RunRecord> contradictions() {
        return unexpected(run -> run.verdict() != Verdict.INCONCLUSIVE && run.verdict() != Verdict.ERROR);
    }

    private List<RunRecord> unexpected(Predicate<RunRecord> which) {
        return runs.stream().filter(run -> !run.asExpected()).filter(which).toList();
    }

    /** Returns whether the harness failed, or holds more and more. */
    public boolean hasFailed() {
        return runs.isEmpty()
                || !failures.isEmpty()
                || runs.stream().anyMatch(RunRecord::isError)
                || !Footprint.growth(rounds).isEmpty();
    }

    /** Returns it as Markdown. */
    public String text() {
        StringBuilder text = new StringBuilder();
        List<RunRecord> contradictions = contradictions();
        text.append(runs.size() + " runs, contradictions: " + new Rate(contradictions.size(), Math.max(1, runs.size()))
                + "\n\n");
        lists(text, "Contradictions", contradictions);
        lists(text, "INCONCLUSIVE, and not expected", unexpected(run -> run.verdict() == Verdict.INCONCLUSIVE));
        lists(text, "ERROR", unexpected(RunRecord::isError));
        failures.forEach(failure -> text.append("failure: " + failure + "\n"));
        text.append("| kernel | runs | as expected | with a boot that had to be repeated |\n|---|---|---|---|\n");
        byKernel()
                .forEach((kernel, some) -> text.append("| " + kernel + " | " + some.size() + " | "
                        + some.stream().filter(RunRecord::asExpected).count() + " | "
                        + new Rate(
                                (int) some.stream()
                                        .filter(run -> run.bootRetries() > 0)
                                        .count(),
                                some.size())
                        + " |\n"));
        if (rounds.isEmpty()) {
            return text.toString();
        }
        text.append("\n| after a round | heap KiB | open files | threads | processes |\n|---|---|---|---|---|\n");
        for (int i = 0; i < rounds.size(); i++) {
            Footprint held = rounds.get(i);
            text.append("| " + (i + 1) + " | " + held.heapKiB() + " | " + held.descriptors() + " | " + held.threads()
                    + " | " + held.processes() + " |\n");
        }
        List<String> growth = Footprint.growth(rounds);
        growth.forEach(what -> text.append("\ngrows: " + what + "\n"));
        if (growth.isEmpty()) {
            text.append(
                    rounds.size() < Footprint.ENOUGH
                            ? "\nWhether something grows takes " + Footprint.ENOUGH + " rounds to tell.\n"
                            : "\nNothing grows.\n");
        }
        return text.toString();
    }

    private Map<String, List<RunRecord>> byKernel() {
        return runs.stream()
                .collect(Collectors.groupingBy(run -> run.kernel().spec(), TreeMap::new, Collectors.toList()));
    }

    /** Alike ones are one line. */
    private static void lists(StringBuilder text, String title, List<RunRecord> some) {
        if (some.isEmpty()) {
            return;
        }
        Map<String, Long> alike = some.stream()
                .collect(Collectors.groupingBy(
                        run -> run.reproducer() + " on " + run.kernel().spec() + ": " + run.verdict() + ", expected "
                                + run.expected() + ": "
                                + run.message().or(run::because).orElse("no reason is given"),
                        TreeMap::new,
                        Collectors.counting()));
        text.append(title + ":\n\n");
        alike.forEach((line, count) -> text.append("- " + count + " x " + line + "\n"));
        text.append("\n");
    }
}
