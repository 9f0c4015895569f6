// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.Bug;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.results.RunRecord;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What speaks against clearing a patch in the runs that tell nothing of the bug. What a kernel shows in them must show
 * on the base as often. What a busy host explains, and what ksplat failed at, may happen with the patch alone, but not
 * often.
 */
final class PatchDoubt {
    /** Clear runs that there must be for each that tells nothing, if the base has fewer of these. */
    private static final int CLEAR_FOR_ONE = 3;

    private PatchDoubt() {}

    /** Returns it in one line; empty if nothing speaks against the patch. */
    static Optional<String> of(Bug bug, List<RunRecord> baseRuns, List<RunRecord> patchedRuns) {
        for (RunRecord run : patchedRuns) {
            for (String sign : signs(bug, run)) {
                Predicate<RunRecord> shows = other -> signs(bug, other).contains(sign);
                if (isMore(shows, baseRuns, patchedRuns)) {
                    return Optional.of("seen in " + counts(shows, baseRuns, patchedRuns) + ": " + Bug.word(run));
                }
            }
        }
        Predicate<RunRecord> silent =
                run -> bug.in(run) == Bug.Outcome.SKIP && signs(bug, run).isEmpty();
        boolean often = CLEAR_FOR_ONE * count(silent, patchedRuns) > clear(bug, patchedRuns);
        return often && isMore(silent, baseRuns, patchedRuns)
                ? Optional.of(counts(silent, baseRuns, patchedRuns) + " tell nothing: "
                        + patchedRuns.stream()
                                .filter(silent)
                                .map(Bug::word)
                                .findFirst()
                                .orElse(""))
                : Optional.empty();
    }

    /** Returns why a bug that shows less often with the patch is not called cured, in one line; empty if it may be. */
    static Optional<String> ofCure(Bug bug, List<RunRecord> baseRuns, List<RunRecord> patchedRuns) {
        Predicate<RunRecord> bad = run -> bug.in(run) == Bug.Outcome.BAD;
        if (count(bad, patchedRuns) > 0) {
            return Optional.of("the bug shows in " + counts(bad, baseRuns, patchedRuns));
        }
        long unclear = patchedRuns.size() - clear(bug, patchedRuns);
        return of(bug, baseRuns, patchedRuns)
                .or(() -> 2 * unclear >= patchedRuns.size()
                        ? Optional.of(unclear + " of " + patchedRuns.size() + " runs with the series tell nothing")
                        : Optional.empty());
    }

    /** Returns the names of what a kernel shows in a run that is neither GOOD nor BAD; none if the kernel need not have caused it. */
    private static Set<String> signs(Bug bug, RunRecord run) {
        if (bug.in(run) != Bug.Outcome.SKIP) {
            return Set.of();
        }
        if (Bug.isSplat(run)) {
            return Bug.signaturesOf(run);
        }
        // A stall has another signature wherever it is met.
        Set<String> kinds = run.evidence().stream()
                .filter(found -> found.kind().meaning() != EvidenceKind.Meaning.REFUSAL)
                .map(found -> found.kind().id())
                .collect(Collectors.toCollection(TreeSet::new));
        return kinds.isEmpty() && Comparison.breaksControl(run) ? Set.of(missing(run)) : kinds;
    }

    /** Returns which effects are missing, as one sign: an aim that comes too late misses them all, a leak only the last. */
    private static String missing(RunRecord run) {
        return run.controls().stream()
                .filter(control -> control.role() == Control.Role.EFFECT && !control.passed())
                .map(Control::name)
                .collect(Collectors.joining(", "));
    }

    /** Returns whether something happens in a greater share of the runs with the patch. */
    private static boolean isMore(Predicate<RunRecord> what, List<RunRecord> baseRuns, List<RunRecord> patchedRuns) {
        return count(what, patchedRuns) * baseRuns.size() > count(what, baseRuns) * patchedRuns.size();
    }

    private static long clear(Bug bug, List<RunRecord> runs) {
        return count(run -> bug.in(run) != Bug.Outcome.SKIP, runs);
    }

    private static long count(Predicate<RunRecord> what, List<RunRecord> runs) {
        return runs.stream().filter(what).count();
    }

    private static String counts(Predicate<RunRecord> what, List<RunRecord> baseRuns, List<RunRecord> patchedRuns) {
        return String.format(
                Locale.ROOT,
                "%d of %d runs with the series, and %d of %d without it",
                count(what, patchedRuns),
                patchedRuns.size(),
                count(what, baseRuns),
                baseRuns.size());
    }
}
