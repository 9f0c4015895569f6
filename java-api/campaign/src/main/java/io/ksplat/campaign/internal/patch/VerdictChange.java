// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.Bug;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Tells whether a patch changes the verdict of a reproducer, whatever the verdict is without it. */
final class VerdictChange {
    /** Pairs of runs with the same verdict on each side after which that is the side's verdict. */
    static final int LEAST_PAIRS = 3;

    private static final Set<Verdict> TELLS_NOTHING = EnumSet.of(Verdict.INCONCLUSIVE, Verdict.ERROR);
    private static final Set<Verdict> GOOD = EnumSet.of(Verdict.CLEAN, Verdict.RECOVERED);

    private VerdictChange() {}

    /** Returns the comparison with what is settled by it; nothing if more pairs may settle it. */
    static Optional<Comparison> settled(Comparison pairs) {
        Optional<PatchVerdict> known = pairs.verdict();
        if (known.isPresent() && known.get() != PatchVerdict.NO_BUG_ON_BASE) {
            return Optional.of(
                    known.get() == PatchVerdict.DOES_NOT_CURE
                            ? pairs.judged(PatchVerdict.CHANGES_NOTHING, pairs.why())
                            : pairs);
        }
        Set<Verdict> without = verdicts(pairs.baseRuns());
        Set<Verdict> with = verdicts(pairs.patchedRuns());
        if (without.size() != 1 || with.size() != 1) {
            return Optional.empty();
        }
        Verdict before = without.iterator().next();
        Verdict after = with.iterator().next();
        boolean enough = pairs.patchedRuns().size() >= LEAST_PAIRS;
        if (before == after) {
            return switch (before) {
                case UNSUPPORTED -> Optional.of(pairs.unjudged(message(pairs.patchedRuns())));
                case REJECTED -> Optional.of(pairs.judged(PatchVerdict.CHANGES_NOTHING, "REJECTED on both sides"));
                case CLEAN, RECOVERED ->
                    enough
                            ? Optional.of(pairs.judged(
                                    PatchVerdict.CHANGES_NOTHING,
                                    before + " in each of "
                                            + pairs.patchedRuns().size() + " pairs of runs"))
                            : Optional.empty();
                case INCONCLUSIVE, ERROR -> enough ? Optional.of(undecided(pairs)) : Optional.empty();
                case DEADLOCK, CRASH -> Optional.empty();
            };
        }
        if (!enough) {
            return Optional.empty();
        }
        if (TELLS_NOTHING.contains(before) || TELLS_NOTHING.contains(after)) {
            // A control that fails with the patch only needs more pairs: it accuses the patch.
            return before == Verdict.ERROR || after == Verdict.ERROR ? Optional.of(undecided(pairs)) : Optional.empty();
        }
        // From a splat to a good verdict, and back, are for the statistics of the comparison.
        boolean ofBug =
                (Bug.isSplat(last(pairs.baseRuns())) && GOOD.contains(after)) || Bug.isSplat(last(pairs.patchedRuns()));
        return ofBug
                ? Optional.empty()
                : Optional.of(
                        pairs.judged(PatchVerdict.CHANGES, before + " without the series, " + after + " with it"));
    }

    /** Returns the comparison if no more pairs may be run. */
    static Comparison undecided(Comparison pairs) {
        return pairs.unjudged("without the series " + Bug.word(last(pairs.baseRuns())) + "; with it "
                + Bug.word(last(pairs.patchedRuns())));
    }

    private static String message(List<RunRecord> runs) {
        return last(runs).message().flatMap(text -> text.lines().findFirst()).orElse("UNSUPPORTED");
    }

    private static RunRecord last(List<RunRecord> runs) {
        return runs.get(runs.size() - 1);
    }

    private static Set<Verdict> verdicts(List<RunRecord> runs) {
        return runs.stream()
                .map(RunRecord::verdict)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Verdict.class)));
    }
}
