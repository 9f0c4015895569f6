// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** Runs an entry of the catalogue in a session. */
public final class RunnerTrial implements Trial {
    private final Session session;
    private final Runner runner;
    private final Catalogue.Entry entry;
    private final RunSettings settings;

    /**
     * Prepares the runs.
     *
     * @param runner used by as many threads as use this; stays open
     * @param settings the settings of every run, except its kernel and its number
     */
    public RunnerTrial(Session session, Runner runner, Catalogue.Entry entry, RunSettings settings) {
        this.session = session;
        this.runner = runner;
        this.entry = entry;
        this.settings = settings;
    }

    @Override
    public List<RunRecord> run(KernelSpec kernel, int attempt) throws InterruptedException {
        RunOutcome outcome;
        try {
            outcome = runner.run(
                    new RunRequest(session, entry, settings.on(kernel).numbered(attempt, 0)));
        } catch (IOException e) {
            throw new UncheckedIOException("the report in " + settings.report() + " cannot be written", e);
        }
        if (session.isInterrupted()) {
            throw new InterruptedException("ksplat was interrupted");
        }
        List<RunRecord> records = outcome.records();
        if (records.isEmpty()) {
            throw new IllegalStateException("a run of " + entry.fullId() + " on " + kernel + " left no record"
                    + (outcome.failures().isEmpty() ? "" : ": " + String.join("; ", outcome.failures())));
        }
        return records;
    }
}
