// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.statistics;

import org.apache.commons.numbers.gamma.LogBeta;

/**
 * Estimates how often a bad kernel shows its bug. The prior is a mixture: nearly always, as with a good reproducer, or
 * any rate, all equally probable.
 */
public final class Reproduction {
    /** The prior probability of "nearly always". */
    private static final double SURE = 0.5;

    /** How often a kernel that shows the bug nearly always does not show it. */
    private static final double MISSED = 0.005;

    private static final int MOST_RUNS = 10_000;

    private Reproduction() {}

    /** Returns the log likelihood of the runs. */
    static double logLikelihood(int seen, int quiet) {
        double sure = sure(seen, quiet);
        double any = any(seen, quiet);
        return Math.max(any, sure) + Math.log1p(Math.exp(-Math.abs(any - sure)));
    }

    /** Returns the probability that the next run shows the bug. */
    static double mean(int seen, int quiet) {
        double shareOfSure = 1 / (1 + Math.exp(any(seen, quiet) - sure(seen, quiet)));
        return shareOfSure * (1 - MISSED) + (1 - shareOfSure) * (1.0 + seen) / (2.0 + seen + quiet);
    }

    private static double sure(int seen, int quiet) {
        return Math.log(SURE) + seen * Math.log1p(-MISSED) + quiet * Math.log(MISSED);
    }

    private static double any(int seen, int quiet) {
        return Math.log1p(-SURE) + LogBeta.value(1.0 + seen, 1.0 + quiet);
    }

    /**
     * Returns the probability that a kernel with the bug shows it in none of {@code runs} runs, given the known rate.
     */
    public static double missed(Rate known, int runs) {
        int quiet = known.runs() - known.seen();
        return Math.exp(logLikelihood(known.seen(), quiet + runs) - logLikelihood(known.seen(), quiet));
    }

    /**
     * Returns the number of clean runs that make a kernel good, with a probability of at most {@code errorRate} that it
     * is bad.
     */
    public static int cleanRunsFor(Rate known, double errorRate) {
        int runs = 1;
        while (missed(known, runs) > errorRate && runs < MOST_RUNS) {
            runs++;
        }
        return runs;
    }
}
