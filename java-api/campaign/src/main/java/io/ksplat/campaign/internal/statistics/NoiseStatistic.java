// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.statistics;

/**
 * A sequential probability ratio test of "this happens no more often than noise". The alternative, a greater rate, is
 * learnt from the runs before each run (Robbins and Siegmund's adaptive test). If there is only noise, the ratio
 * exceeds 1/x with a probability of at most x, no matter how often it is checked.
 */
public final class NoiseStatistic {
    private final double noise;
    private final double errorRate;
    private int runs;
    private int seen;
    private double ratio = 1;
    private double greatest = 1;

    /**
     * Begins a test.
     *
     * @param noise the rate at which it may happen by chance
     * @param errorRate the allowed probability that noise is taken for more
     */
    public NoiseStatistic(double noise, double errorRate) {
        this.noise = noise;
        this.errorRate = errorRate;
    }

    public void run(boolean seenNow) {
        // What was seen once is mostly seen often. A wrong guess only costs runs.
        double rate = Math.max(noise, (0.9 + seen) / (1 + runs));
        ratio *= seenNow ? rate / noise : (1 - Math.min(rate, 0.999)) / (1 - noise);
        runs++;
        seen += seenNow ? 1 : 0;
        greatest = Math.max(greatest, ratio);
    }

    /** Returns an upper bound for the probability of this many occurrences if there is only noise. */
    public double errorBound() {
        return 1 / greatest;
    }

    public boolean isMore() {
        return errorBound() <= errorRate;
    }
}
