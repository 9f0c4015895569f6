// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.Bug;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Tells whether a patch changes the verdict of a reproducer, whatever the verdict is without it. */
final class VerdictChange {
    /** Decided runs of each side, all of the same verdict, after which that is the side's verdict. */
    static final int LEAST_RUNS = 3;

    private static final Set<Verdict> TELLS_NOTHING = EnumSet.of(Verdict.INCONCLUSIVE, Verdict.ERROR);
    private static final Set<Verdict> GOOD = EnumSet.of(Verdict.CLEAN, Verdict.RECOVERED);

    private VerdictChange() {}

    /** Returns the comparison with what is settled by it; nothing if more pairs may settle it. */
    static Optional<Comparison> settled(Comparison pairs) {
        Optional<PatchVerdict> known = pairs.verdict();
        if (known.equals(Optional.of(PatchVerdict.DOES_NOT_CURE))) {
            return pairs.doubt().isPresent()
                    ? Optional.empty()
                    : Optional.of(pairs.judged(PatchVerdict.CHANGES_NOTHING, pairs.why()));
        }
        if (known.isPresent() && known.get() != PatchVerdict.NO_BUG_ON_BASE) {
            return Optional.of(pairs);
        }
        List<RunRecord> without = decided(pairs.baseRuns());
        List<RunRecord> with = decided(pairs.patchedRuns());
        if (without.isEmpty() || with.isEmpty()) {
            return tellsNothing(pairs, without, with);
        }
        if (verdicts(without).size() != 1 || verdicts(with).size() != 1) {
            return Optional.empty();
        }
        RunRecord before = last(without);
        RunRecord after = last(with);
        boolean enough = without.size() >= LEAST_RUNS && with.size() >= LEAST_RUNS;
        return before.verdict() == after.verdict() ? same(pairs, after, enough) : other(pairs, before, after, enough);
    }

    private static Optional<Comparison> same(Comparison pairs, RunRecord after, boolean enough) {
        if (after.verdict() == Verdict.UNSUPPORTED) {
            return Optional.of(pairs.unjudged(message(after)));
        }
        if (doubts(pairs.patchedRuns()) > doubts(pairs.baseRuns())) {
            return Optional.empty();
        }
        return switch (after.verdict()) {
            case REJECTED -> Optional.of(pairs.judged(PatchVerdict.CHANGES_NOTHING, "REJECTED on both sides"));
            case CLEAN, RECOVERED ->
                enough
                        ? Optional.of(pairs.judged(PatchVerdict.CHANGES_NOTHING, after.verdict() + " " + share(pairs)))
                        : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static Optional<Comparison> other(Comparison pairs, RunRecord before, RunRecord after, boolean enough) {
        // From a splat to a good verdict, and back, are for the statistics of the comparison.
        boolean ofBug = (Bug.isSplat(before) && GOOD.contains(after.verdict())) || Bug.isSplat(after);
        return ofBug || !enough
                ? Optional.empty()
                : Optional.of(pairs.judged(
                        PatchVerdict.CHANGES,
                        before.verdict() + " without the series, " + after.verdict() + " with it"));
    }

    /** A control that fails with the patch only needs more pairs: it accuses the patch. */
    private static Optional<Comparison> tellsNothing(Comparison pairs, List<RunRecord> without, List<RunRecord> with) {
        boolean enough = pairs.patchedRuns().size() >= LEAST_RUNS;
        boolean never = without.isEmpty() && with.isEmpty();
        return enough && (never || allFailed(pairs.baseRuns()) || allFailed(pairs.patchedRuns()))
                ? Optional.of(undecided(pairs))
                : Optional.empty();
    }

    private static boolean allFailed(List<RunRecord> runs) {
        return runs.stream().allMatch(RunRecord::isError);
    }

    private static List<RunRecord> decided(List<RunRecord> runs) {
        return runs.stream()
                .filter(run -> !TELLS_NOTHING.contains(run.verdict()))
                .toList();
    }

    /**
     * Counts the undecided runs that the kernel may have caused: all but those that a busy host explains, because it did not deliver the
     * stimulus. As long as the patched kernel has more of them than the base, the patch is not cleared.
     */
    private static long doubts(List<RunRecord> runs) {
        return runs.stream()
                .filter(run -> TELLS_NOTHING.contains(run.verdict()))
                .filter(run -> run.isError()
                        || !run.evidence().isEmpty()
                        || run.controls().stream()
                                .noneMatch(control -> control.role() == Control.Role.STIMULUS && !control.passed()))
                .count();
    }

    private static String share(Comparison pairs) {
        int decided =
                decided(pairs.baseRuns()).size() + decided(pairs.patchedRuns()).size();
        int all = pairs.baseRuns().size() + pairs.patchedRuns().size();
        return decided == all
                ? "in each of " + pairs.patchedRuns().size() + " pairs of runs"
                : "in " + decided + " of " + all + " runs; the others tell nothing";
    }

    /** Returns the comparison if no more pairs may be run. */
    static Comparison undecided(Comparison pairs) {
        return pairs.unjudged(pairs.whyUndecided());
    }

    private static String message(RunRecord run) {
        return run.message().flatMap(text -> text.lines().findFirst()).orElse("UNSUPPORTED");
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
