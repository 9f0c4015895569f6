// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What one benchmark found.
 *
 * @param environment what the figures depend on
 * @param ratios medians compared, each from one run, so that a slow machine slows both sides
 */
public record Measurement(
        String bench, Map<String, String> environment, List<Figure> figures, Map<String, Double> ratios) {
    public Measurement {
        figures = List.copyOf(figures);
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
        ratios.forEach((name, value) -> compared.addObject().put("name", name).put("value", rounded(value)));
        return node;
    }

    public String text() {
        StringBuilder text = new StringBuilder();
        environment.forEach((name, value) -> text.append(String.format("  %-20s %s%n", name, value)));
        text.append(String.format("%-22s %10s %10s %10s %6s%n", bench, "median", "min", "max", "runs"));
        for (Figure figure : figures) {
            text.append(String.format(
                    Locale.ROOT,
                    "  %-20s %10.1f %10.1f %10.1f %6d  %s%n",
                    figure.name(),
                    figure.median(),
                    figure.min(),
                    figure.max(),
                    figure.values().size(),
                    figure.unit()));
        }
        ratios.forEach((name, value) -> text.append(String.format(Locale.ROOT, "  %-20s %10.2f%n", name, value)));
        return text.toString();
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
