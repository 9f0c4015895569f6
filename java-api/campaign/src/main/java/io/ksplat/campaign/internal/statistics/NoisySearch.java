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
 * A binary search for the first bad member of a line, in which a bad member shows the bug in only some of its runs.
 * Each run updates the probability of each member to be the first bad one. The next run goes to the member with the
 * most information for its cost, which may be one that has run before. The search does not assume a rate at which a bad
 * member shows the bug: it weighs all rates by the runs so far, those of the bad end included.
 *
 * <p>The members are 0 to n-1. Member 0 is the good end and member n-1 the bad end. One possible answer is that the
 * good end is bad.
 */
public final class NoisySearch {
    /** How often a good member may look bad: a signature is hard to mistake. */
    private static final double NOISE = 0.001;

    /** The prior probability that the good end is bad: somebody has checked it. */
    private static final double WRONG_GOOD_END = 0.02;

    private static final double LOG_NOISE = Math.log(NOISE);
    private static final double LOG_QUIET = Math.log1p(-NOISE);

    /** Cumulative prior probabilities: entry i is the sum over the members before i. */
    private final double[] before;

    private final int size;
    private final BitSet skipped = new BitSet();
    private final NavigableMap<Integer, Rate> tested = new TreeMap<>();
    private @Nullable Posterior posterior;

    /**
     * Begins a search.
     *
     * @param weights the prior weight of each member to be the first bad one, in any unit; the weight of member 0 is
     *     not used
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

    /** Begins a search in which each member is equally probable. */
    public static NoisySearch among(int size) {
        double[] weights = new double[size];
        Arrays.fill(weights, 1);
        return new NoisySearch(weights);
    }

    /** Adds a run of a member. */
    public void observe(int member, boolean bad) {
        tested.merge(member, Rate.NONE.and(bad), (known, one) -> known.and(bad));
        posterior = null;
    }

    /** Excludes a member from further runs; its runs so far still count. */
    public void skip(int member) {
        skipped.set(member);
    }

    public Rate rate(int member) {
        return tested.getOrDefault(member, Rate.NONE);
    }

    /**
     * The most probable answer: the first bad member is one of {@code first} to {@code last}. There is more than one
     * only if those between were skipped.
     */
    public record Answer(int first, int last, double probability) {
        /** Returns whether the good end itself is bad. */
        public boolean isGoodEnd() {
            return last == 0;
        }
    }

    /** The next member to run, and the expected information of that run in bits. */
    public record Next(int member, double bits) {}

    /** Returns the most probable answer, with its probability. */
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
     * Returns the member to run next.
     *
     * @param runCost the cost of a run, in any unit
     * @param firstRunCost the extra cost of the first run of a member: its build
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
        // The value of a member depends only on the probability that it is bad. Two members are nearest to the best
        // probability.
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

    /** Returns how many bits of the answer are missing. */
    public double bitsMissing() {
        return posterior().entropy();
    }

    /** Returns the probability that {@code member} is bad: that the first bad member is not after it. */
    public double probablyBad(int member) {
        return Math.min(1, posterior().upTo(member)[0]);
    }

    /** Returns the probability that the first bad member is one of {@code first} to {@code last}. */
    public double probability(int first, int last) {
        double before = first == 0 ? 0 : posterior().upTo(first - 1)[0];
        return Math.min(1, Math.max(0, posterior().upTo(last)[0] - before));
    }

    public boolean isSkipped(int member) {
        return skipped.get(member);
    }

    /** Returns the estimated rate at which a bad member shows the bug. */
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
     * The posterior distribution. The members between two tested ones form a segment, because the runs say the same
     * about each of them. Cumulative sums over the segments make the information of a run cheap to compute.
     */
    private final class Posterior {
        private final int[] end;
        /** The rate at which a bad member shows the bug, if the first bad one is in this segment. */
        private final double[] rate;
        /**
         * Cumulative sums before segment k: of the probability, of the probability times the rate, and of the
         * probability times the entropy of the rate.
         */
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
                // If the first bad member is in segment k, all tested members before it are good.
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

        /** Returns the sums over all members up to {@code member}. */
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

        /** Returns the mutual information of the answer and a run of {@code member}. */
        double bits(int member) {
            double[] bad = upTo(member);
            double seen = bad[1] + (1 - bad[0]) * NOISE;
            return Math.max(0, NoisySearch.entropy(seen) - bad[2] - (1 - bad[0]) * NoisySearch.entropy(NOISE));
        }

        /** Returns the first member up to which the probabilities sum up to {@code share}. */
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
     * Returns the share of answers that a run should split off to give the most information: a half if every bad member
     * shows the bug, less if few do. It is the input that reaches the capacity of a Z-channel.
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

    /** Returns the member of {@code from} to {@code to} up to which the prior probabilities sum up to {@code sum}. */
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

    /** Returns the first member, from this one on, that was not skipped; the bad end always counts. */
    private int testable(int member) {
        return Math.min(size - 1, skipped.nextClearBit(member));
    }
}
