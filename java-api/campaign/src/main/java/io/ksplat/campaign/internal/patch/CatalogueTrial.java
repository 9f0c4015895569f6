// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.Trial;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs reproducers on a kernel without and with a patch, one reproducer after the other, until each is settled: its verdict changes, or
 * does not.
 *
 * @param trials one for each reproducer
 * @param errorRate the allowed probability of a wrong verdict, over all reproducers
 * @param mostPairs the number of pairs after which a reproducer is undecided
 */
record CatalogueTrial(
        List<Trial> trials, KernelSpec base, KernelSpec patched, double errorRate, int mostPairs, Progress progress) {
    /** Reproducers in a row of which ksplat could run none: then it is not the reproducer that fails. */
    private static final int FAILURES = 2;

    CatalogueTrial {
        trials = List.copyOf(trials);
    }

    PatchResult run() throws InterruptedException {
        List<Comparison> all = new ArrayList<>();
        int tried = 0;
        int failed = 0;
        while (tried < trials.size() && failed < FAILURES) {
            List<Comparison> settled = settle(trials.get(tried++));
            all.addAll(settled);
            failed = settled.stream().anyMatch(CatalogueTrial::harnessFails) ? failed + 1 : 0;
            String which = tried + " of " + trials.size() + " reproducers; ";
            settled.forEach(each -> progress.report(which + each.reproducer() + ": "
                    + each.verdict().map(verdict -> verdict + ", ").orElse("") + each.why()));
        }
        return PatchResult.ofCatalogue(all, trials.size() - tried);
    }

    private static boolean harnessFails(Comparison pairs) {
        return pairs.verdict().isEmpty()
                && (PatchTrial.harnessFails(pairs.baseRuns()) || PatchTrial.harnessFails(pairs.patchedRuns()));
    }

    private List<Comparison> settle(Trial trial) throws InterruptedException {
        Map<String, List<RunRecord>> without = new LinkedHashMap<>();
        Map<String, List<RunRecord>> with = new LinkedHashMap<>();
        List<Comparison> pairs = List.of();
        for (int pair = 1; pair <= mostPairs; pair++) {
            PatchTrial.announce(trial, base, patched, pair);
            PatchTrial.add(without, trial.run(base, pair));
            PatchTrial.add(with, trial.run(patched, pair));
            pairs = PatchTrial.compare(without, with, errorRate / trials.size());
            if (pairs.stream().map(VerdictChange::settled).allMatch(Optional::isPresent)
                    || PatchTrial.harnessFails(without)
                    || PatchTrial.harnessFails(with)) {
                break;
            }
        }
        return pairs.stream()
                .map(each -> VerdictChange.settled(each).orElseGet(() -> VerdictChange.undecided(each)))
                .toList();
    }
}
