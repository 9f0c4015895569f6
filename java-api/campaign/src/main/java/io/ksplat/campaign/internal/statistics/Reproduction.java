// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.statistics;

import org.apache.commons.numbers.gamma.LogBeta;

/**
 * What runs of a bad kernel say of how often it shows its bug. At first it may do so nearly always, as a good reproducer should, or
 * at any rate, each as probable as the other.
 */
public final class Reproduction {
    /** How probable it is at first that a bad kernel shows it nearly always; else every rate is as probable as any other. */
    private static final double SURE = 0.5;

    /** How often a bad kernel does not show it that nearly always does. */
    private static final double MISSED = 0.005;

    private static final int MOST_RUNS = 10_000;

    private Reproduction() {}

    /** The logarithm of how probable such runs were, in their order. */
    static double logLikelihood(int seen, int quiet) {
        double sure = sure(seen, quiet);
        double any = any(seen, quiet);
        return Math.max(any, sure) + Math.log1p(Math.exp(-Math.abs(any - sure)));
    }

    /** How probable it is that one more run shows it. */
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

    /** How probable it is that a kernel with the bug shows it in none of so many runs, given what is known of how often it does. */
    public static double missed(Rate known, int runs) {
        int quiet = known.runs() - known.seen();
        return Math.exp(logLikelihood(known.seen(), quiet + runs) - logLikelihood(known.seen(), quiet));
    }

    /** The clean runs after which a kernel counts as good, and is bad after all with a probability of {@code errorRate} at most. */
    public static int cleanRunsFor(Rate known, double errorRate) {
        int runs = 1;
        while (missed(known, runs) > errorRate && runs < MOST_RUNS) {
            runs++;
        }
        return runs;
    }
}
