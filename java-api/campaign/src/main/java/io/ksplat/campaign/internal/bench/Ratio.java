// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * The ratio of two figures.
 *
 * @param low the lower end of its 95 % interval; empty if there is no interval
 * @param high the upper end
 */
public record Ratio(String name, double value, OptionalDouble low, OptionalDouble high) {
    private static final double OUTSIDE = 0.05;

    /** Creates a ratio without an interval. */
    public Ratio(String name, double value) {
        this(name, value, OptionalDouble.empty(), OptionalDouble.empty());
    }

    /**
     * Returns the geometric mean of the ratios of paired values, with Student's interval of their logarithms. The
     * values of a pair were measured one right after the other, so that a temporary slowdown of the host affects both.
     *
     * @throws IllegalArgumentException if there are fewer than two pairs, or a value is not positive
     */
    static Ratio ofPairs(String name, List<Double> over, List<Double> under) {
        int pairs = over.size();
        if (pairs < 2 || under.size() != pairs) {
            throw new IllegalArgumentException(
                    name + ": an interval needs at least two pairs, not " + over.size() + " and " + under.size());
        }
        double[] logarithms = IntStream.range(0, pairs)
                .mapToDouble(i -> Math.log(positive(over.get(i), name) / positive(under.get(i), name)))
                .toArray();
        double mean = IntStream.range(0, pairs).mapToDouble(i -> logarithms[i]).sum() / pairs;
        double squares = IntStream.range(0, pairs)
                .mapToDouble(i -> (logarithms[i] - mean) * (logarithms[i] - mean))
                .sum();
        double error = Math.sqrt(squares / (pairs - 1) / pairs);
        double reach = TDistribution.of(pairs - 1).inverseSurvivalProbability(OUTSIDE / 2) * error;
        return new Ratio(
                name,
                Math.exp(mean),
                OptionalDouble.of(Math.exp(mean - reach)),
                OptionalDouble.of(Math.exp(mean + reach)));
    }

    private static double positive(double value, String name) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + ": " + value + " is not positive");
        }
        return value;
    }

    String text(int width) {
        String interval = low.isPresent() && high.isPresent()
                ? String.format(Locale.ROOT, "  95 %%: %.3f to %.3f", low.getAsDouble(), high.getAsDouble())
                : "";
        return String.format(Locale.ROOT, "  %-" + width + "s %12.3f%s%n", name, value, interval);
    }
}
