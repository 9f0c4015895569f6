// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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

    public ObjectNode json() {
        ObjectNode node = JsonNodeFactory.instance.objectNode().put("bench", bench);
        ObjectNode where = node.putObject("environment");
        environment.forEach(where::put);
        ArrayNode all = node.putArray("figures");
        for (Figure figure : figures) {
            all.addObject()
                    .put("name", figure.name())
                    .put("unit", figure.unit())
                    .put("median", rounded(figure.median()))
                    .put("min", rounded(figure.min()))
                    .put("max", rounded(figure.max()))
                    .put("runs", figure.values().size());
        }
        ArrayNode compared = node.putArray("ratios");
        for (Ratio ratio : ratios) {
            ObjectNode one = compared.addObject().put("name", ratio.name()).put("value", rounded(ratio.value()));
            ratio.low().ifPresent(low -> one.put("low", rounded(low)));
            ratio.high().ifPresent(high -> one.put("high", rounded(high)));
        }
        return node;
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

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
