// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.junit.Lab;
import io.ksplat.junit.Settings;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.RunLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Runs a reproducer in a lab; what it records goes to the lab's report. */
public final class LabTrial implements Trial {
    private final Lab lab;
    private final RunLog report;
    private final Catalogue.Entry reproducer;
    private final Map<String, String> parameters;

    /**
     * Prepares the runs.
     *
     * @param parameters configuration parameters of every run, see {@link Settings}
     */
    public LabTrial(Lab lab, RunLog report, Catalogue.Entry reproducer, Map<String, String> parameters) {
        this.lab = lab;
        this.report = report;
        this.reproducer = reproducer;
        this.parameters = new LinkedHashMap<>(parameters);
        this.parameters.put(Settings.Keys.REPORT, report.folder().toString());
    }

    @Override
    public List<RunRecord> run(KernelSpec kernel, int attempt) throws InterruptedException {
        ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
        try {
            new Campaign(lab, parameters)
                    .runOnce(
                            List.of(reproducer),
                            kernel,
                            attempt,
                            (what, why) -> failures.add(what + ": " + why.getMessage()));
        } catch (IOException e) {
            throw new UncheckedIOException("the report in " + report.folder() + " cannot be written", e);
        }
        if (lab.isInterrupted()) {
            throw new InterruptedException("ksplat was interrupted");
        }
        List<RunRecord> runs = report.runs().stream()
                .filter(run -> isOfReproducer(run.reproducer())
                        && run.attempt() == attempt
                        && run.kernel().spec().equals(kernel.toString()))
                .toList();
        if (runs.isEmpty()) {
            throw new IllegalStateException("a run of " + reproducer.id() + " on " + kernel + " left no record"
                    + (failures.isEmpty() ? "" : ": " + String.join("; ", failures)));
        }
        return runs;
    }

    private boolean isOfReproducer(String id) {
        return reproducer
                .testCase()
                .map(name -> id.equals(reproducer.id() + "/" + name))
                .orElse(id.equals(reproducer.id()) || id.startsWith(reproducer.id() + "/"));
    }
}
