// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.statistics;

/**
 * A sequential probability ratio test of "this happens no more often than noise does". The other hypothesis, that it happens at some
 * greater rate, is learnt from the runs before each (Robbins and Siegmund's adaptive test): where noise is all there is, the ratio
 * exceeds 1/x with a probability of x at most, however often it is looked at.
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
     * @param noise the rate at which it may happen for no reason
     * @param errorRate how often noise may be taken for more
     */
    public NoiseStatistic(double noise, double errorRate) {
        this.noise = noise;
        this.errorRate = errorRate;
    }

    public void run(boolean seenNow) {
        // Once seen at all it will mostly be seen often: that guess costs nothing but time where it is wrong.
        double rate = Math.max(noise, (0.9 + seen) / (1 + runs));
        ratio *= seenNow ? rate / noise : (1 - Math.min(rate, 0.999)) / (1 - noise);
        runs++;
        seen += seenNow ? 1 : 0;
        greatest = Math.max(greatest, ratio);
    }

    public Rate rate() {
        return new Rate(seen, runs);
    }

    /** How probable this much would be at most, if it were noise. */
    public double errorBound() {
        return 1 / greatest;
    }

    public boolean isMore() {
        return errorBound() <= errorRate;
    }
}
