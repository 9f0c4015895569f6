// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.campaign;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The result of a benchmark.
 *
 * @param environment what the figures depend on
 */
public record BenchRecord(String bench, Map<String, String> environment, List<Figure> figures, List<Ratio> ratios)
        implements CampaignRecord {
    public BenchRecord {
        figures = List.copyOf(figures);
        ratios = List.copyOf(ratios);
    }

    /**
     * A quantity.
     *
     * @param values every measurement, sorted
     */
    public record Figure(
            String name, String unit, double median, double min, double max, int runs, List<Double> values) {
        public Figure {
            values = List.copyOf(values);
        }
    }

    /**
     * The ratio of two figures.
     *
     * @param low the lower end of its 95 % interval
     * @param high the upper end
     */
    public record Ratio(String name, double value, OptionalDouble low, OptionalDouble high) {}
}
