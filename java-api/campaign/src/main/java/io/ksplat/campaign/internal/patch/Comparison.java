// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.Bug;
import io.ksplat.campaign.internal.statistics.CureStatistic;
import io.ksplat.campaign.internal.statistics.NoiseStatistic;
import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The runs of one reproducer without and with a patch, in pairs, and the verdict that follows.
 *
 * @param verdict empty if more runs are needed
 * @param errorBound an upper bound for the probability that the verdict is wrong
 * @param base how often the bug showed without the patch, over the runs that were GOOD or BAD
 * @param patched how often the bug showed with the patch, over the same kind of runs
 * @param doubt what speaks against clearing the patch even if the bug is gone, in one line
 * @param why the reason for the verdict, in one line
 */
record Comparison(
        String reproducer,
        List<RunRecord> baseRuns,
        List<RunRecord> patchedRuns,
        Optional<PatchVerdict> verdict,
        double errorBound,
        Rate base,
        Rate patched,
        Optional<String> doubt,
        String why) {
    /** How often a kernel without the bug shows a signature, or a splat, by chance. */
    private static final double SPLAT_NOISE = 0.005;

    /**
     * How often a control fails although the kernel is sound, for example because an aim came too late or the machine
     * was starved.
     */
    private static final double CONTROL_NOISE = 0.2;

    /** The least rate of a bug that a patch trial can judge. */
    static final double LEAST_RATE = 0.1;

    Comparison {
        baseRuns = List.copyOf(baseRuns);
        patchedRuns = List.copyOf(patchedRuns);
    }

    /** Returns whether the bug showed without the patch. A reproducer that never shows it only has to stay that way. */
    boolean hasBug() {
        return base.seen() > 0;
    }

    /** Returns whether the kernel has what the reproducer needs, on some side. */
    boolean isTaken() {
        return Stream.concat(baseRuns.stream(), patchedRuns.stream())
                .anyMatch(run -> run.verdict() != Verdict.UNSUPPORTED);
    }

    /** Returns why there is no verdict, in one line. */
    String whyUndecided() {
        return doubt.orElseGet(() -> "without the series " + lastWord(baseRuns, run -> true) + "; with it "
                + lastWord(patchedRuns, run -> true));
    }

    /** Returns the same runs with another verdict, which no statistic bounds the error of. */
    Comparison judged(PatchVerdict other, String reason) {
        return new Comparison(reproducer, baseRuns, patchedRuns, Optional.of(other), 1, base, patched, doubt, reason);
    }

    /** Returns the same runs without a verdict. */
    Comparison unjudged(String reason) {
        return new Comparison(reproducer, baseRuns, patchedRuns, Optional.empty(), 1, base, patched, doubt, reason);
    }

    /** Evaluates pairs of runs, one without and one with the patch. */
    static Comparison of(String reproducer, List<RunRecord> baseRuns, List<RunRecord> patchedRuns, double errorRate) {
        Bug bug = Bug.UNKNOWN;
        Set<String> ofBase = new TreeSet<>();
        for (RunRecord run : baseRuns) {
            bug = bug.with(run);
            if (Bug.isSplat(run)) {
                ofBase.addAll(Bug.signaturesOf(run));
            }
        }
        // Among them those of bugs that the reproducer is not of.
        Bug known = new Bug(ofBase);
        CureStatistic cure = new CureStatistic(errorRate);
        NoiseStatistic stillThere = new NoiseStatistic(SPLAT_NOISE, errorRate);
        NoiseStatistic anotherSplat = new NoiseStatistic(SPLAT_NOISE, errorRate);
        NoiseStatistic brokenControl = new NoiseStatistic(CONTROL_NOISE, errorRate);
        // The same test as of a cure, with the sides exchanged.
        CureStatistic brokenMoreOften = new CureStatistic(errorRate);
        Rate base = Rate.NONE;
        Rate patched = Rate.NONE;
        for (int i = 0; i < Math.min(baseRuns.size(), patchedRuns.size()); i++) {
            Bug.Outcome without = bug.in(baseRuns.get(i));
            Bug.Outcome with = bug.in(patchedRuns.get(i));
            if (without != Bug.Outcome.SKIP) {
                base = base.and(without == Bug.Outcome.BAD);
            }
            if (with != Bug.Outcome.SKIP) {
                patched = patched.and(with == Bug.Outcome.BAD);
            }
            if (without != Bug.Outcome.SKIP && with != Bug.Outcome.SKIP) {
                cure.pair(without == Bug.Outcome.BAD, with == Bug.Outcome.BAD);
            }
            if (isOfKernel(patchedRuns.get(i))) {
                stillThere.run(with == Bug.Outcome.BAD);
                anotherSplat.run(Bug.isSplat(patchedRuns.get(i)) && known.in(patchedRuns.get(i)) != Bug.Outcome.BAD);
                brokenControl.run(breaksControl(patchedRuns.get(i)));
            }
            if (comesToControls(baseRuns.get(i)) && comesToControls(patchedRuns.get(i))) {
                brokenMoreOften.pair(breaksControl(patchedRuns.get(i)), breaksControl(baseRuns.get(i)));
            }
        }
        boolean alsoInBase = baseRuns.stream().anyMatch(Comparison::breaksControl);
        Optional<String> doubt = cure.isCured()
                ? PatchDoubt.ofCure(bug, baseRuns, patchedRuns)
                : PatchDoubt.of(bug, baseRuns, patchedRuns);
        boolean quietBase = base.runs() == baseRuns.size() && base.seen() == 0;
        double unseen = Math.pow(1 - LEAST_RATE, base.runs());
        Optional<PatchVerdict> verdict = Optional.empty();
        double errorBound = 1;
        String why = doubt.orElse("not sure yet");
        if (anotherSplat.isMore()) {
            verdict = Optional.of(PatchVerdict.BREAKS);
            errorBound = anotherSplat.errorBound();
            why = "a splat that the base does not show: " + lastWord(patchedRuns, Bug::isSplat);
        } else if (brokenControl.isMore() && (!alsoInBase || brokenMoreOften.isCured())) {
            verdict = Optional.of(PatchVerdict.BREAKS);
            errorBound = alsoInBase ? brokenMoreOften.errorBound() : brokenControl.errorBound();
            why = "a control does not pass with the patch: " + lastWord(patchedRuns, Comparison::breaksControl);
        } else if (stillThere.isMore()) {
            verdict = Optional.of(PatchVerdict.DOES_NOT_CURE);
            errorBound = stillThere.errorBound();
            why = "the bug still shows: " + lastWord(patchedRuns, Bug::isSplat);
        } else if (cure.isCured() && doubt.isEmpty()) {
            verdict = Optional.of(PatchVerdict.CURES);
            errorBound = cure.errorBound();
            why = "the bug shows only without the patch, and every control passes with it";
        } else if (quietBase && unseen <= errorRate) {
            verdict = Optional.of(PatchVerdict.NO_BUG_ON_BASE);
            errorBound = unseen;
            why = "the base does not show the bug; a bug that shows in a tenth of all runs would have shown";
        }
        return new Comparison(reproducer, baseRuns, patchedRuns, verdict, errorBound, base, patched, doubt, why);
    }

    /** Returns whether a run says something about its kernel: the kernel got as far as the experiment. */
    private static boolean isOfKernel(RunRecord run) {
        return run.verdict() != Verdict.ERROR && (run.verdict() != Verdict.INCONCLUSIVE || breaksControl(run));
    }

    /** Returns whether a bug has not ended a run before its effects are counted. */
    private static boolean comesToControls(RunRecord run) {
        return isOfKernel(run) && !Bug.isSplat(run);
    }

    /**
     * Returns whether a run accuses its kernel: the stimulus was delivered, there is no evidence, and still the code
     * under test did not do its work. A stimulus that a busy host did not deliver, or a failed observer, accuses
     * nothing.
     */
    static boolean breaksControl(RunRecord run) {
        return run.verdict() == Verdict.INCONCLUSIVE
                && run.evidence().isEmpty()
                && run.controls().stream()
                        .anyMatch(control -> control.role() == Control.Role.EFFECT && !control.passed())
                && run.controls().stream()
                        .filter(control -> control.role() == Control.Role.STIMULUS)
                        .allMatch(Control::passed);
    }

    private static String lastWord(List<RunRecord> runs, Predicate<RunRecord> which) {
        return runs.stream()
                .filter(which)
                .reduce((first, last) -> last)
                .map(Bug::word)
                .orElse("no run");
    }
}
