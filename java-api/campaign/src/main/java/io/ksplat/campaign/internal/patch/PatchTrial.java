// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.Trial;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Runs reproducers on a kernel without and with a patch until the effect of the patch is certain. The runs alternate,
 * so that changes on the host affect both sides.
 *
 * @param trials one for each reproducer
 * @param errorRate the allowed probability of a wrong verdict, over all reproducers
 * @param mostPairs the number of pairs after which the verdict is CANNOT TELL
 */
public record PatchTrial(
        List<Trial> trials, KernelSpec base, KernelSpec patched, double errorRate, int mostPairs, Progress progress) {
    /** Least number of pairs of a reproducer without a bug on the base, to check that it stays that way. */
    private static final int LEAST_PAIRS = 3;

    /** ERROR runs of one kernel in a row after which the trial ends. */
    private static final int FAILURES = 3;

    public PatchTrial {
        trials = List.copyOf(trials);
    }

    public PatchResult run() throws InterruptedException {
        Map<String, List<RunRecord>> without = new LinkedHashMap<>();
        Map<String, List<RunRecord>> with = new LinkedHashMap<>();
        List<Comparison> comparisons = List.of();
        for (int pair = 1; pair <= mostPairs; pair++) {
            for (Trial trial : trials) {
                announce(trial, base, patched, pair);
            }
            for (Trial trial : trials) {
                add(without, trial.run(base, pair));
                add(with, trial.run(patched, pair));
            }
            comparisons = compare(without, with, errorRate);
            if (isDecided(comparisons, pair)) {
                break;
            }
            if (harnessFails(without) || harnessFails(with)) {
                break;
            }
            progress.report(String.format(
                    Locale.ROOT,
                    "%d pairs of runs; the bug showed in %s without and %s with the patch",
                    pair,
                    comparisons.get(0).base(),
                    comparisons.get(0).patched()));
        }
        return PatchResult.of(comparisons);
    }

    /** Lets a trial on many machines begin both runs of a pair. */
    static void announce(Trial trial, KernelSpec base, KernelSpec patched, int pair) throws InterruptedException {
        trial.announce(base, pair);
        trial.announce(patched, pair);
    }

    static void add(Map<String, List<RunRecord>> all, List<RunRecord> runs) {
        runs.forEach(run ->
                all.computeIfAbsent(run.reproducer(), id -> new ArrayList<>()).add(run));
    }

    /** Compares the runs of each reproducer; the error is divided among them. */
    static List<Comparison> compare(
            Map<String, List<RunRecord>> without, Map<String, List<RunRecord>> with, double errorRate) {
        return without.entrySet().stream()
                .map(entry -> Comparison.of(
                        entry.getKey(),
                        entry.getValue(),
                        with.getOrDefault(entry.getKey(), List.of()),
                        errorRate / without.size()))
                .toList();
    }

    /**
     * Returns whether the verdict is certain. One BREAKS decides for all reproducers; otherwise every reproducer that
     * shows the bug must be decided, and of any other there must be no doubt that it stays as it is.
     */
    private static boolean isDecided(List<Comparison> comparisons, int pairs) {
        if (comparisons.stream().anyMatch(each -> each.verdict().equals(java.util.Optional.of(PatchVerdict.BREAKS)))) {
            return true;
        }
        boolean someCured = comparisons.stream()
                .anyMatch(each -> each.hasBug() && each.verdict().isPresent());
        return comparisons.stream()
                .allMatch(each -> each.verdict().isPresent()
                        || (someCured && !each.hasBug() && each.doubt().isEmpty() && pairs >= LEAST_PAIRS));
    }

    /** Returns whether ksplat failed too often in a row for more pairs to be worth it. */
    static boolean harnessFails(Map<String, List<RunRecord>> all) {
        return all.values().stream().anyMatch(PatchTrial::harnessFails);
    }

    /** Returns the same of the runs of one reproducer on one kernel. */
    static boolean harnessFails(List<RunRecord> runs) {
        return runs.size() >= FAILURES
                && runs.subList(runs.size() - FAILURES, runs.size()).stream()
                        .allMatch(run -> run.verdict() == Verdict.ERROR);
    }
}
