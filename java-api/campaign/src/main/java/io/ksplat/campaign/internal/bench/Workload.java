// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import io.ksplat.campaign.Trial;
import io.ksplat.engine.Catalogue;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Measures the metrics of a reproducer, alternating between kernels if there are two. */
public final class Workload {
    private static final double NS_PER_SECOND = 1e9;

    private final Catalogue.Entry entry;
    private final List<Catalogue.Metric> metrics;
    private final Trial trial;
    private final Progress progress;
    private final Map<String, String> environment = new LinkedHashMap<>();

    /**
     * Prepares a workload.
     *
     * @param catalogue where others are
     * @throws IllegalArgumentException if the reproducer has no metric; the message names those that have one
     */
    public Workload(Catalogue catalogue, Catalogue.Entry entry, Trial trial, Progress progress) {
        this.entry = entry;
        this.metrics = entry.metrics();
        if (metrics.isEmpty()) {
            String workloads = catalogue.entries().stream()
                    .filter(other -> !other.metrics().isEmpty())
                    .map(Catalogue.Entry::id)
                    .collect(Collectors.joining(", "));
            throw new IllegalArgumentException(entry.id() + " has no metric; workloads are " + workloads);
        }
        this.trial = trial;
        this.progress = progress;
    }

    /**
     * Runs the workload {@code runs} times on each kernel, in turns, after a warm-up run that is not counted.
     *
     * @throws IOException if a run is not CLEAN, because it measured something else
     * @throws IllegalArgumentException if a kernel can run several cases, with their names
     */
    public Measurement measure(List<KernelSpec> kernels, int runs) throws IOException, InterruptedException {
        environment.put("workload", entry.id());
        environment.put("load before", HostText.load());
        Map<String, List<Double>> values = new LinkedHashMap<>();
        for (int run = 0; run <= runs; run++) {
            for (KernelSpec kernel : kernels) {
                progress.report(
                        entry.id() + " on " + kernel + (run == 0 ? ": warming up" : ": " + run + " of " + runs));
                RunRecord record = only(trial.run(kernel, run + 1), kernel);
                for (Catalogue.Metric metric : metrics) {
                    if (run > 0) {
                        values.computeIfAbsent(name(metric, kernel), name -> new ArrayList<>())
                                .add(value(metric, record));
                    }
                }
            }
        }
        environment.put("host", HostText.cpus() + ", Linux " + System.getProperty("os.version"));
        environment.put("load after", HostText.load());
        List<Figure> figures = new ArrayList<>();
        List<Ratio> ratios = new ArrayList<>();
        for (Catalogue.Metric metric : metrics) {
            for (KernelSpec kernel : kernels) {
                String name = name(metric, kernel);
                figures.add(new Figure(name, metric.unit(), values.getOrDefault(name, List.of())));
            }
            if (kernels.size() == 2 && runs > 1) {
                ratios.add(Ratio.ofPairs(
                        metric.name() + " " + kernels.get(0) + "/" + kernels.get(1),
                        values.getOrDefault(name(metric, kernels.get(0)), List.of()),
                        values.getOrDefault(name(metric, kernels.get(1)), List.of())));
            }
        }
        return new Measurement("workload", environment, figures, ratios);
    }

    /** Returns the record of the only case that this kernel can run. */
    private RunRecord only(List<RunRecord> records, KernelSpec kernel) throws IOException {
        List<RunRecord> ran = records.stream()
                .filter(record -> record.verdict() != Verdict.UNSUPPORTED)
                .toList();
        if (ran.size() > 1) {
            throw new IllegalArgumentException("name one case: "
                    + ran.stream().map(RunRecord::reproducer).collect(Collectors.joining(", ")) + " run on " + kernel);
        }
        RunRecord record = ran.isEmpty() ? records.get(0) : ran.get(0);
        if (record.verdict() != Verdict.CLEAN) {
            throw new IOException(record.reproducer() + " gives no figure on " + kernel + ": " + record.verdict()
                    + record.message().map(why -> ", " + why).orElse(""));
        }
        environment.put(kernel.toString(), record.kernel().release() + ", " + record.reproducer());
        environment.put(
                "accelerator",
                record.accelerator().equals("tcg")
                        ? "tcg: figures of an emulated machine, only for comparison"
                        : record.accelerator());
        return record;
    }

    private static String name(Catalogue.Metric metric, KernelSpec kernel) {
        return metric.name() + " " + kernel;
    }

    private static double value(Catalogue.Metric metric, RunRecord record) {
        double count = observed(metric.count(), record);
        return metric.nanoseconds().isEmpty() ? count : count * NS_PER_SECOND / observed(metric.nanoseconds(), record);
    }

    private static long observed(String name, RunRecord record) {
        return record.controls().stream()
                .filter(control -> control.name().equals(name))
                .mapToLong(Control::observed)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        record.reproducer() + " measures " + name + ", which is not a control"));
    }
}
