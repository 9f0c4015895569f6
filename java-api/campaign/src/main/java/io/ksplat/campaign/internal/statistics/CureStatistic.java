// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.statistics;

/**
 * A sequential probability ratio test of "the patch makes no difference", over pairs of a run without and a run with
 * it. Nobody knows how often the bug shows, so the test holds for any rate that both sides may have in common: it
 * weighs each pair at the rates learnt from the pairs before, against the mean of both (Turner, Ly and Grünwald,
 * "Generic E-variables for exact sequential k-sample tests that allow for optional stopping", 2021). If the patch makes
 * no difference, the ratio exceeds 1/x with a probability of at most x, no matter how often it is checked. So a trial
 * may stop as soon as it does.
 */
public final class CureStatistic {
    /**
     * The expectation for the first pair: the bug shows, and the patch cures it. Only the number of runs depends on it.
     */
    private static final double FIRST_GUESS = 0.9;

    private final double errorRate;
    private Rate base = Rate.NONE;
    private Rate patched = Rate.NONE;
    private double ratio = 1;
    private double greatest = 1;

    /**
     * Begins a test.
     *
     * @param errorRate the allowed probability that a patch without effect is called a cure
     */
    public CureStatistic(double errorRate) {
        this.errorRate = errorRate;
    }

    /** Adds a pair of runs: whether the bug showed without the patch, and with it. */
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

    /** Returns an upper bound for the probability of such a difference if the patch makes none. */
    public double errorBound() {
        return 1 / greatest;
    }

    public boolean isCured() {
        return errorBound() <= errorRate;
    }
}
