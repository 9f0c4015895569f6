// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import io.ksplat.report.internal.page.Words;
import io.ksplat.results.internal.campaign.BenchRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The page of a benchmark. */
public record BenchPage(BenchRecord bench, String root, List<Distribution> distributions, List<String> files) {
    private static final int MOST = 200;

    public BenchPage {
        distributions = List.copyOf(distributions);
        files = List.copyOf(files);
    }

    public static BenchPage of(BenchRecord bench, String root, List<String> files) {
        List<BenchRecord.Figure> figures =
                bench.figures().subList(0, Math.min(MOST, bench.figures().size()));
        return new BenchPage(bench, root, Distribution.of(figures), files);
    }

    public String title() {
        return "Benchmark: " + Words.shortened(bench.bench());
    }

    public static String number(double value) {
        double size = Math.abs(value);
        return String.format(Locale.ROOT, size >= 1000 ? "%,.0f" : size >= 10 ? "%.1f" : "%.3f", value);
    }

    static String sentence(BenchRecord bench) {
        List<String> parts = new ArrayList<>();
        for (BenchRecord.Figure figure : bench.figures()) {
            if (parts.size() < 3) {
                parts.add(Words.shortened(figure.name(), 60) + " " + number(figure.median()) + " "
                        + Words.shortened(figure.unit(), 20) + " (median of " + figure.runs() + ")");
            }
        }
        return String.join(", ", parts) + (bench.figures().size() > parts.size() ? " ..." : "");
    }
}
