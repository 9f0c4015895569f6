// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.evidence.Control;
import io.ksplat.machine.internal.ProcessWatch;
import io.ksplat.machine.internal.Snapshots;
import io.ksplat.machine.internal.WaitStatus;
import io.ksplat.results.ProgramRecord;
import io.ksplat.results.ResourceUsage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The controls of a run that its processes ran as they were to: {@code exit:NAME}. */
public final class ProcessControls {
    private static final String EXIT = "exit:";
    private static final int STDOUT = 1;
    private static final long US_IN_MS = 1000;
    private static final int STDERR = 2;

    /** The files have all of it. */
    private static final int MOST_PRINTED = 16 << 10;

    /**
     * A process of the run, or one that could not be started.
     *
     * @param worker whether it is the agent's own: such a one has a control only if that fails
     */
    private record Started(String name, boolean worker, Optional<ProcessWatch> watch, String unstarted) {
        Optional<String> failure() {
            return watch.isPresent() ? watch.get().failure() : Optional.of(unstarted);
        }

        /** Programs say why they give up before they do. */
        String lastWords() {
            return watch.filter(ended -> ended.end().isPresent())
                    .flatMap(ended -> ended.lastLine(STDERR))
                    .map(line -> "; the last line of " + line)
                    .orElse("");
        }
    }

    private final List<Started> all = new ArrayList<>();
    /** The name of the program that is the experiment itself. */
    private Optional<String> experiment = Optional.empty();

    /** Returns a name that no other process of the run has. */
    String unique(String program) {
        String name = program;
        for (int n = 2; isTaken(name); n++) {
            name = program + "-" + n;
        }
        return name;
    }

    private boolean isTaken(String name) {
        return all.stream().anyMatch(started -> started.name.equals(name));
    }

    void addProgram(String name, ProcessWatch watch) {
        all.add(new Started(name, false, Optional.of(watch), ""));
    }

    /** Has a program be the experiment: that it ends well is what was to be shown. */
    void isExperiment(String name) {
        experiment = Optional.of(name);
    }

    /** Returns whether there is a program that is the experiment. */
    boolean hasExperiment() {
        return experiment.isPresent();
    }

    /** Returns whether the program that is the experiment has ended as it should not. */
    boolean isLost() {
        return experiments()
                .anyMatch(started -> started.failure().isPresent()
                        && started.watch.map(watch -> watch.end().isPresent()).orElse(true));
    }

    /** Returns how the program ended that is the experiment; empty if there is none, or it did not start. */
    public Optional<ProgramRecord> experiment() {
        return experiments()
                .flatMap(started -> started.watch.stream())
                .map(ProcessControls::record)
                .findFirst();
    }

    private Stream<Started> experiments() {
        return all.stream()
                .filter(started -> experiment.filter(started.name::equals).isPresent());
    }

    private static ProgramRecord record(ProcessWatch watch) {
        Optional<WaitStatus> end = watch.end();
        return new ProgramRecord(
                end.filter(WaitStatus::exited).stream()
                        .mapToInt(WaitStatus::exitStatus)
                        .findFirst(),
                end.filter(status -> !status.exited()).stream()
                        .mapToInt(WaitStatus::signal)
                        .findFirst(),
                watch.printed(STDOUT, MOST_PRINTED),
                watch.printed(STDERR, MOST_PRINTED),
                watch.usage()
                        .map(usage -> new ResourceUsage(
                                usage.userUs() / US_IN_MS,
                                usage.systemUs() / US_IN_MS,
                                usage.maxRssKib(),
                                usage.minorFaults(),
                                usage.majorFaults(),
                                usage.voluntarySwitches(),
                                usage.involuntarySwitches())));
    }

    void addWorker(String name, ProcessWatch watch) {
        all.add(new Started(unique(name), true, Optional.of(watch), ""));
    }

    void addUnstarted(String name, String why) {
        all.add(new Started(name, false, Optional.empty(), "it did not start: " + why));
    }

    /** Goes on with the processes of the machine that this one was restored from. */
    void restore(ProcessControls before, Snapshots machine, Path consoleLog) {
        for (Started started : before.all) {
            Path output = consoleLog.resolveSibling(started.name);
            all.add(new Started(
                    started.name,
                    started.worker,
                    started.watch.map(watch -> machine.restored(watch, output)),
                    started.unstarted));
        }
    }

    /** Returns how many processes there are. */
    public int count() {
        return all.size();
    }

    List<Control> read() {
        return all.stream()
                .map(started -> Map.entry(started, started.failure().isEmpty()))
                .filter(judged -> !judged.getKey().worker || !judged.getValue())
                .map(judged -> Control.stimulus(EXIT + judged.getKey().name, 1, judged.getValue() ? 1 : 0))
                .toList();
    }

    /** Returns why controls fail now, by their names. */
    public Map<String, String> failures() {
        Map<String, String> failures = new TreeMap<>();
        all.forEach(started ->
                started.failure().ifPresent(why -> failures.put(EXIT + started.name, why + started.lastWords())));
        return failures;
    }

    /** Returns what became of the outputs, for people. */
    Stream<String> notes() {
        return all.stream().flatMap(started -> started.watch.stream()).flatMap(watch -> watch.notes().stream());
    }
}
