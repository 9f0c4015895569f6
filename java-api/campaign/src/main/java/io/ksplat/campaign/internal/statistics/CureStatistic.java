// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.statistics;

/**
 * A sequential probability ratio test of "the patch makes no difference", over pairs of a run without and a run with it. How often
 * the bug shows is known to nobody, so the test holds for whatever rate both may have in common: each pair is weighed by what it
 * would be worth at the rates learnt from the pairs before, against the mean of both (Turner, Ly and Grünwald, "Generic E-variables
 * for exact sequential k-sample tests that allow for optional stopping", 2021). Where the patch makes no difference, the ratio exceeds 1/x with a
 * probability of x at most, however often it is looked at: to stop as soon as it does is allowed.
 */
public final class CureStatistic {
    /** What a first pair is expected to be like: the bug shows, the cure cures. Only the number of runs depends on it. */
    private static final double FIRST_GUESS = 0.9;

    private final double errorRate;
    private Rate base = Rate.NONE;
    private Rate patched = Rate.NONE;
    private double ratio = 1;
    private double greatest = 1;

    /**
     * Begins a test.
     *
     * @param errorRate how often a patch that makes no difference may be taken for a cure
     */
    public CureStatistic(double errorRate) {
        this.errorRate = errorRate;
    }

    /** Whether the bug showed in either run of a pair. */
    public void pair(boolean inBase, boolean inPatched) {
        double without = (FIRST_GUESS + base.seen()) / (1 + base.runs());
        double with = Math.min(without, (1 - FIRST_GUESS + patched.seen()) / (1 + patched.runs()));
        double either = (without + with) / 2;
        ratio *= likelihood(without, inBase) * likelihood(with, inPatched);
        ratio /= likelihood(either, inBase) * likelihood(either, inPatched);
        base = base.and(inBase);
        patched = patched.and(inPatched);
        greatest = Math.max(greatest, ratio);
    }

    private static double likelihood(double rate, boolean seen) {
        return seen ? rate : 1 - rate;
    }

    public Rate base() {
        return base;
    }

    public Rate patched() {
        return patched;
    }

    /** How probable this great a difference would be at most, if the patch made none. */
    public double errorBound() {
        return 1 / greatest;
    }

    public boolean isCured() {
        return errorBound() <= errorRate;
    }
}
