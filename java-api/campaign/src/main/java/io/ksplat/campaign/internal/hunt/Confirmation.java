// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.hunt.HuntResult.Finding;
import io.ksplat.campaign.internal.sweep.SteppedPath;
import io.ksplat.campaign.internal.sweep.SurvivalCheck;
import io.ksplat.campaign.internal.sweep.SweepMap;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.results.internal.campaign.HuntRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Writes what was found as reproducers, and sees whether they show it on a machine of their own.
 *
 * @param kernel the kernel's spec
 * @param report receives what the runs leave
 */
record Confirmation(
        Session session, Runner runner, Hunt.Sources sources, String kernel, Path report, Progress progress) {

    /**
     * Writes a reproducer for each lock, at its widest window, and runs it.
     *
     * @param folder receives the reproducers
     */
    List<Finding> of(
            Operation operation,
            SteppedPath path,
            Symbols symbols,
            List<SweepMap.Stretch> windows,
            Verdict deadly,
            Path folder)
            throws IOException, InterruptedException {
        List<Finding> findings = new ArrayList<>();
        List<String> locks = windows.stream().map(Confirmation::lock).distinct().toList();
        for (String lock : locks) {
            SweepMap.Stretch window = windows.stream()
                    .filter(stretch -> lock(stretch).equals(lock))
                    .max(Comparator.comparingInt(SweepMap.Stretch::length))
                    .orElseThrow();
            int number = locks.indexOf(lock) + 1;
            Path java = OperationPair.write(
                    locks.size() == 1 ? folder : folder.resolve("lock-" + number),
                    operation,
                    locks.size() == 1 ? operation.id() : HuntRecord.reproducer(operation.name(), number),
                    AimChoice.of(path, window, symbols),
                    deadly,
                    "the NMI waits for what the interrupted task holds");
            progress.report("confirming " + operation.name() + ", which waits for " + lock);
            Optional<Evidence> shown = show(java, deadly);
            boolean same = shown.filter(evidence -> deadly == Verdict.CRASH
                            || SurvivalCheck.waitsFor(evidence).equals(lock))
                    .isPresent();
            findings.add(new Finding(
                    shown.map(Evidence::signature).orElse(""),
                    lock,
                    window.first().where(),
                    window.last().where(),
                    window.measured(),
                    same,
                    false,
                    Optional.empty(),
                    report.relativize(java).toString()));
        }
        return findings;
    }

    private static String lock(SweepMap.Stretch stretch) {
        return stretch.first().waitsFor().orElse("");
    }

    /** Returns the evidence of the verdict, if a run of the reproducer shows it. */
    private Optional<Evidence> show(Path java, Verdict deadly) throws IOException, InterruptedException {
        RunOutcome outcome = runner.run(new RunRequest(
                session, sources.compile(java), RunSettings.of(kernel).reportedIn(report)));
        return outcome.records().stream()
                .filter(run -> run.verdict() == deadly)
                .flatMap(run -> run.evidence().stream())
                .filter(evidence -> deadly == Verdict.CRASH || evidence.kind() == EvidenceKind.CPU_STUCK)
                .findFirst();
    }
}
