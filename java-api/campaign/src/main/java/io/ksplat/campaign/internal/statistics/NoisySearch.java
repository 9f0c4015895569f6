// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.statistics;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A binary search for the first bad one of a line, where a bad one shows itself in some runs only. Every run shifts the probability
 * of each to be the first; the next run goes where it tells most for what it costs, back to one that was looked at before, too. How
 * often a bad one shows itself is not assumed: all rates are weighed by what the runs say of them, those at the bad end first.
 *
 * <p>The line's members are 0 to n-1. Member 0 is the good end, and member n-1 the bad end; that the good end is bad after all is
 * one of the possible answers.
 */
public final class NoisySearch {
    /** How often a good one may look bad: a signature is hard to mistake. */
    private static final double NOISE = 0.001;

    /** How probable it is at first that the good end is bad: somebody has looked at it. */
    private static final double WRONG_GOOD_END = 0.02;

    private static final double LOG_NOISE = Math.log(NOISE);
    private static final double LOG_QUIET = Math.log1p(-NOISE);

    /** Sums of the first members' prior probabilities: entry i has those before member i. */
    private final double[] before;

    private final int size;
    private final BitSet skipped = new BitSet();
    private final NavigableMap<Integer, Rate> tested = new TreeMap<>();
    private @Nullable Posterior posterior;

    /**
     * Begins a search.
     *
     * @param weights how probable each member is to be the first bad one, before any run, in any unit; that of member 0 is not used
     */
    public NoisySearch(double[] weights) {
        size = weights.length;
        if (size < 2) {
            throw new IllegalArgumentException("a search needs a good end and a bad end");
        }
        double sum = Arrays.stream(weights, 1, size).sum();
        before = new double[size + 1];
        before[1] = WRONG_GOOD_END;
        for (int i = 1; i < size; i++) {
            if (!(weights[i] > 0)) {
                throw new IllegalArgumentException("weight " + weights[i] + " of member " + i);
            }
            before[i + 1] = before[i] + weights[i] / sum * (1 - WRONG_GOOD_END);
        }
    }

    /** A search where each member is as probable as any other. */
    public static NoisySearch among(int size) {
        double[] weights = new double[size];
        Arrays.fill(weights, 1);
        return new NoisySearch(weights);
    }

    /** Enters a run of a member. */
    public void observe(int member, boolean bad) {
        tested.merge(member, Rate.NONE.and(bad), (known, one) -> known.and(bad));
        posterior = null;
    }

    /** Nothing can be learnt of this member any more; what was learnt stays. */
    public void skip(int member) {
        skipped.set(member);
    }

    public Rate rate(int member) {
        return tested.getOrDefault(member, Rate.NONE);
    }

    /**
     * The most probable answer: the first bad one is one of {@code first} to {@code last}, more than one only where those between
     * were skipped.
     */
    public record Answer(int first, int last, double probability) {
        /** Whether the good end itself is bad. */
        public boolean isGoodEnd() {
            return last == 0;
        }
    }

    /** What a run of {@code member} would tell, in bits. */
    public record Next(int member, double bits) {}

    /** The most probable answer, with its probability. */
    public Answer best() {
        Posterior now = posterior();
        Answer best = new Answer(0, 0, 0);
        for (int k = 0; k < now.count(); k++) {
            double probability = now.probability(k);
            if (probability <= best.probability) {
                continue;
            }
            double scale = probability / prior(now.from(k), now.to(k));
            for (int first = now.from(k); first <= now.to(k); ) {
                int last = Math.min(testable(first), now.to(k));
                if (scale * prior(first, last) > best.probability) {
                    best = new Answer(first, last, scale * prior(first, last));
                }
                first = last + 1;
            }
        }
        return best;
    }

    /**
     * Where to run next.
     *
     * @param runCost what a run costs, in any unit
     * @param firstRunCost what the first run of a member costs on top of it: its build
     */
    public Next next(double runCost, double firstRunCost) {
        Posterior now = posterior();
        Next best = new Next(size - 1, 0);
        double bestValue = -1;
        for (int member : tested.keySet()) {
            double bits = skipped.get(member) ? 0 : now.bits(member);
            if (bits / runCost > bestValue) {
                bestValue = bits / runCost;
                best = new Next(member, bits);
            }
        }
        // All that matters of a member is the probability that the first bad one is not after it: two are nearest to
        // the best.
        int near = now.quantile(bestShare(now.meanRate()));
        for (int member : new int[] {skipped.previousClearBit(near - 1), testable(near)}) {
            if (member >= 0 && !tested.containsKey(member)) {
                double bits = now.bits(member);
                if (bits / (runCost + firstRunCost) > bestValue) {
                    bestValue = bits / (runCost + firstRunCost);
                    best = new Next(member, bits);
                }
            }
        }
        return best;
    }

    /** How many bits of an answer are missing. */
    public double bitsMissing() {
        return posterior().entropy();
    }

    /** The probability that {@code member} is bad: that the first bad one is not after it. */
    public double probablyBad(int member) {
        return Math.min(1, posterior().upTo(member)[0]);
    }

    /** How often a bad one shows itself, as far as that is known. */
    public double reproductionRate() {
        return posterior().meanRate();
    }

    private Posterior posterior() {
        Posterior known = posterior;
        if (known == null) {
            known = new Posterior();
            posterior = known;
        }
        return known;
    }

    /**
     * What the runs say. The members between two tested ones make a segment: the runs say the same of each of them. Sums are kept
     * from the first segment on, so that what a run would tell costs no walk over all of them.
     */
    private final class Posterior {
        private final int[] end;
        /** How often a bad one shows itself, if the first is in this segment. */
        private final double[] rate;
        /** Sums before segment k: of probability, of probability times rate, of probability times the rate's entropy. */
        private final double[][] sums;

        Posterior() {
            int count = tested.size() + (tested.containsKey(size - 1) ? 0 : 1);
            end = new int[count];
            rate = new double[count];
            sums = new double[count + 1][3];
            double[] logs = new double[count];
            int badSeen = 0;
            int badQuiet = 0;
            for (Rate each : tested.values()) {
                badSeen += each.seen();
                badQuiet += each.runs() - each.seen();
            }
            int goodSeen = 0;
            int goodQuiet = 0;
            double greatest = Double.NEGATIVE_INFINITY;
            Iterator<Map.Entry<Integer, Rate>> entries = tested.entrySet().iterator();
            for (int k = 0; k < count; k++) {
                Optional<Map.Entry<Integer, Rate>> entry =
                        entries.hasNext() ? Optional.of(entries.next()) : Optional.empty();
                end[k] = entry.map(Map.Entry::getKey).orElse(size - 1);
                // Those before are good ones.
                rate[k] = Reproduction.mean(badSeen, badQuiet);
                logs[k] = Math.log(prior(from(k), end[k]))
                        + goodSeen * LOG_NOISE
                        + goodQuiet * LOG_QUIET
                        + Reproduction.logLikelihood(badSeen, badQuiet);
                greatest = Math.max(greatest, logs[k]);
                int seen = entry.map(e -> e.getValue().seen()).orElse(0);
                int quiet = entry.map(e -> e.getValue().runs()).orElse(0) - seen;
                goodSeen += seen;
                goodQuiet += quiet;
                badSeen -= seen;
                badQuiet -= quiet;
            }
            double sum = 0;
            for (double log : logs) {
                sum += Math.exp(log - greatest);
            }
            for (int k = 0; k < count; k++) {
                double probability = Math.exp(logs[k] - greatest) / sum;
                sums[k + 1][0] = sums[k][0] + probability;
                sums[k + 1][1] = sums[k][1] + probability * rate[k];
                sums[k + 1][2] = sums[k][2] + probability * NoisySearch.entropy(rate[k]);
            }
        }

        int count() {
            return end.length;
        }

        int from(int k) {
            return k == 0 ? 0 : end[k - 1] + 1;
        }

        int to(int k) {
            return end[k];
        }

        double probability(int k) {
            return sums[k + 1][0] - sums[k][0];
        }

        double meanRate() {
            return sums[count()][1];
        }

        double entropy() {
            double bits = 0;
            for (int k = 0; k < count(); k++) {
                if (probability(k) > 0) {
                    bits -= probability(k) * log2(probability(k) / (to(k) - from(k) + 1));
                }
            }
            return bits;
        }

        /** The sums over all up to {@code member}. */
        double[] upTo(int member) {
            int found = Arrays.binarySearch(end, member);
            int k = found < 0 ? -found - 1 : found;
            double share = prior(from(k), member) / prior(from(k), to(k));
            double[] sum = new double[3];
            for (int i = 0; i < 3; i++) {
                sum[i] = sums[k][i] + share * (sums[k + 1][i] - sums[k][i]);
            }
            return sum;
        }

        /** The mutual information of the answer and a run of {@code member}. */
        double bits(int member) {
            double[] bad = upTo(member);
            double seen = bad[1] + (1 - bad[0]) * NOISE;
            return Math.max(0, NoisySearch.entropy(seen) - bad[2] - (1 - bad[0]) * NoisySearch.entropy(NOISE));
        }

        /** The first member up to which the probabilities sum up to {@code share}. */
        int quantile(double share) {
            for (int k = 0; k < count(); k++) {
                if (sums[k + 1][0] >= share && probability(k) > 0) {
                    double prior = (share - sums[k][0]) / probability(k) * prior(from(k), to(k));
                    return at(before[from(k)] + prior, from(k), to(k));
                }
            }
            return size - 1;
        }
    }

    /**
     * The share of answers that a run should divide off to tell most: a half where every bad one shows itself, less where few do. It
     * is the input that reaches the capacity of a Z-channel.
     */
    private static double bestShare(double rate) {
        double q = 1 / (1 + Math.pow(2, entropy(rate) / rate));
        return Math.min(1, q / rate);
    }

    private static double entropy(double p) {
        return p <= 0 || p >= 1 ? 0 : -p * log2(p) - (1 - p) * log2(1 - p);
    }

    private static double log2(double x) {
        return Math.log(x) / Math.log(2);
    }

    private double prior(int from, int to) {
        return before[to + 1] - before[from];
    }

    /** The member of {@code from} to {@code to} up to which the prior probabilities sum up to {@code sum}. */
    private int at(double sum, int from, int to) {
        int low = from;
        int high = to;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (before[middle + 1] >= sum) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** The first member from this one on that was not skipped; the bad end is none of them. */
    private int testable(int member) {
        return Math.min(size - 1, skipped.nextClearBit(member));
    }
}
