// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Runs the attempts of a unit.
 *
 * @param session stays open
 * @param settings the settings of every run, except its kernel, its number and its report
 * @param entries what each word of the plan means
 */
public record RunWork(Session session, RunSettings settings, Map<String, List<Catalogue.Entry>> entries, Runner runner)
        implements UnitWork {
    public RunWork {
        entries = Map.copyOf(entries);
    }

    @Override
    public Done run(FleetUnit unit, Path folder) throws IOException, InterruptedException {
        List<String> failures = new ArrayList<>();
        List<RunRecord> runs;
        try (RunLog log = session.report(folder)) {
            for (int attempt = unit.first(); attempt <= unit.last() && !session.isInterrupted(); attempt++) {
                for (Catalogue.Entry entry : entries.getOrDefault(unit.reproducer(), List.of())) {
                    RunOutcome outcome = runner.run(new RunRequest(
                            session,
                            entry,
                            settings.on(KernelSpec.parse(unit.kernel()))
                                    .numbered(attempt, unit.last() - attempt)
                                    .reportedIn(folder)));
                    failures.addAll(outcome.failures());
                }
            }
            runs = log.runs();
        }
        boolean good = failures.isEmpty() && !runs.isEmpty() && runs.stream().noneMatch(RunRecord::isError);
        return new Done(good, runs, List.of(), failures);
    }

    @Override
    public void close() {
        runner.close();
    }
}
