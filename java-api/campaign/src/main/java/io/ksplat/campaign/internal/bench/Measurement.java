// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import io.ksplat.results.internal.campaign.BenchRecord;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * The result of one benchmark.
 *
 * @param environment what the figures depend on
 * @param ratios ratios of figures that were measured in the same run, so that a slow host slows both sides
 */
public record Measurement(String bench, Map<String, String> environment, List<Figure> figures, List<Ratio> ratios) {
    public Measurement {
        figures = List.copyOf(figures);
        ratios = List.copyOf(ratios);
    }

    /** Returns what {@code bench --json} prints, and every value. */
    public BenchRecord record() {
        return new BenchRecord(
                bench,
                environment,
                figures.stream()
                        .map(figure -> new BenchRecord.Figure(
                                figure.name(),
                                figure.unit(),
                                rounded(figure.median()),
                                rounded(figure.min()),
                                rounded(figure.max()),
                                figure.values().size(),
                                figure.values().stream()
                                        .map(Measurement::rounded)
                                        .toList()))
                        .toList(),
                ratios.stream()
                        .map(ratio -> new BenchRecord.Ratio(
                                ratio.name(), rounded(ratio.value()), rounded(ratio.low()), rounded(ratio.high())))
                        .toList());
    }

    public String text() {
        int width = Stream.concat(
                        figures.stream().map(Figure::name), ratios.stream().map(Ratio::name))
                .mapToInt(String::length)
                .max()
                .orElse(0);
        StringBuilder text = new StringBuilder();
        environment.forEach((name, value) -> text.append(String.format("  %-20s %s%n", name, value)));
        text.append(
                String.format("%-" + (width + 2) + "s %12s %12s %12s %6s%n", bench, "median", "min", "max", "runs"));
        for (Figure figure : figures) {
            text.append(String.format(
                    Locale.ROOT,
                    "  %-" + width + "s %12.1f %12.1f %12.1f %6d  %s%n",
                    figure.name(),
                    figure.median(),
                    figure.min(),
                    figure.max(),
                    figure.values().size(),
                    figure.unit()));
        }
        ratios.forEach(ratio -> text.append(ratio.text(width)));
        return text.toString();
    }

    private static OptionalDouble rounded(OptionalDouble value) {
        return value.isPresent() ? OptionalDouble.of(rounded(value.getAsDouble())) : value;
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
