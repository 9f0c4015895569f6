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
import io.ksplat.results.RunRecord;
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
                    locks.size() == 1 ? operation.id(HuntMode.NMI) : operation.id(HuntMode.NMI, number),
                    new Repetition.InNmi(AimChoice.of(path, window, symbols)),
                    deadly,
                    "the NMI waits for what the interrupted task holds");
            progress.report("confirming " + operation.name() + ", which waits for " + lock);
            findings.add(finding(
                    java, deadly, lock, window.first().where(), window.last().where(), window.measured()));
        }
        return findings;
    }

    /**
     * Writes a reproducer with a program at one place, and runs it.
     *
     * @param number of the lock, from 1
     */
    Finding at(Operation operation, Place place, Verdict deadly, String lock, int number, Path folder)
            throws IOException, InterruptedException {
        Path java = OperationPair.write(
                folder.resolve("lock-" + number),
                operation,
                operation.id(HuntMode.REENTRY, number),
                new Repetition.AtPlaces(List.of(place)),
                deadly,
                "the program waits for what the operation holds that it is attached to");
        progress.report("confirming " + operation.name() + " at " + place.section() + ", which waits for " + lock);
        return finding(java, deadly, lock, place.where(), place.where(), 1);
    }

    /**
     * Runs an operation with programs at several places.
     *
     * @param folder receives the reproducer, and what its run leaves
     */
    RunRecord together(Operation operation, List<Place> places, Path folder) throws IOException, InterruptedException {
        Path java = OperationPair.write(
                folder,
                operation,
                operation.id(HuntMode.REENTRY),
                new Repetition.AtPlaces(places),
                Verdict.CLEAN,
                "nothing is known of these places");
        progress.report("entering " + operation.name() + " again, at " + places.size() + " places");
        RunOutcome outcome = run(java, folder.resolve("report"));
        return outcome.records().stream()
                .findFirst()
                .orElseThrow(() -> new IOException(
                        "the run of " + java + " left no record: " + String.join("; ", outcome.failures())));
    }

    private Finding finding(Path java, Verdict deadly, String lock, String from, String to, int points)
            throws IOException, InterruptedException {
        Optional<Evidence> shown = run(java, report).records().stream()
                .filter(run -> run.verdict() == deadly)
                .flatMap(run -> evidence(run).stream())
                .findFirst();
        boolean same = shown.filter(evidence -> deadly == Verdict.CRASH
                        || SurvivalCheck.waitsFor(evidence).equals(lock))
                .isPresent();
        return new Finding(
                shown.map(Evidence::signature).orElse(""),
                lock,
                from,
                to,
                points,
                same,
                false,
                Optional.empty(),
                report.relativize(java).toString());
    }

    private RunOutcome run(Path java, Path folder) throws IOException, InterruptedException {
        return runner.run(new RunRequest(
                session, sources.compile(java), RunSettings.of(kernel).reportedIn(folder)));
    }

    /** Returns what a run waits for; what it died of, if it crashed. */
    static String lock(RunRecord run) {
        return evidence(run).map(SurvivalCheck::waitsFor).orElse(run.verdict().name());
    }

    private static Optional<Evidence> evidence(RunRecord run) {
        return run.evidence().stream()
                .filter(evidence -> run.verdict() == Verdict.CRASH || evidence.kind() == EvidenceKind.CPU_STUCK)
                .findFirst();
    }

    private static String lock(SweepMap.Stretch stretch) {
        return stretch.first().waitsFor().orElse("");
    }
}
