// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import io.ksplat.campaign.Bug;
import io.ksplat.campaign.Trial;
import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.campaign.internal.statistics.Reproduction;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Classifies kernels as good or bad. First it measures how often the bug shows on a kernel that has it; this rate
 * determines how many clean runs make another kernel good. It can classify several kernels at once.
 */
public final class BugClassifier {
    /** Runs of the bad end that must show the bug before its rate counts as known. */
    private static final int SIGHTINGS = 2;

    /** Runs of the bad end without the bug after which it counts as good. */
    private static final int PATIENCE = 30;

    /** SKIP runs after which a kernel is skipped. */
    private static final int WASTED = 3;

    private final Trial trial;
    private final String reproducer;
    private final double errorRate;
    private final Map<String, Result> results = new TreeMap<>();
    private Bug bug = Bug.UNKNOWN;
    private Rate rate = Rate.NONE;
    private final List<Run> history = new ArrayList<>();
    private int runs;

    /**
     * Prepares a classifier.
     *
     * @param reproducer the id whose records count
     * @param errorRate the allowed probability that a kernel with the bug is called good
     */
    public BugClassifier(Trial trial, String reproducer, double errorRate) {
        this.trial = trial;
        this.reproducer = reproducer;
        this.errorRate = errorRate;
    }

    /**
     * The class of a kernel.
     *
     * @param release empty if the kernel did not get far enough to tell its release
     * @param seen how often the bug showed in the runs that were GOOD or BAD
     * @param errorBound the probability that a kernel that is called good is bad
     * @param why what the last run showed, as text
     */
    public record Result(
            KernelSpec kernel, String release, Bug.Outcome sighting, Rate seen, double errorBound, String why) {}

    /** One run of a kernel. */
    public record Run(KernelSpec kernel, Bug.Outcome outcome, RunRecord record) {}

    /** Measures the rate of the bug on a kernel that should have it. The result is GOOD if the bug never shows. */
    public Result measure(KernelSpec kernel) throws InterruptedException {
        Rate seen = Rate.NONE;
        Optional<RunRecord> last = Optional.empty();
        int wasted = 0;
        for (int attempt = 1; seen.seen() < SIGHTINGS && wasted < WASTED; attempt++) {
            RunRecord run = run(kernel, attempt);
            last = Optional.of(run);
            bug = bug.with(run);
            switch (classified(kernel, run)) {
                case BAD -> seen = seen.and(true);
                case GOOD -> seen = seen.and(false);
                case SKIP -> wasted++;
            }
            if (seen.seen() == 0 && seen.runs() >= PATIENCE) {
                break;
            }
        }
        rate = seen;
        Bug.Outcome sighting =
                seen.seen() > 0 ? Bug.Outcome.BAD : seen.runs() > 0 ? Bug.Outcome.GOOD : Bug.Outcome.SKIP;
        return keep(result(kernel, last, sighting, seen, 0));
    }

    /** Runs a kernel until it is classified. */
    public Result of(KernelSpec kernel) throws InterruptedException {
        synchronized (results) {
            Result known = results.get(kernel.toString());
            if (known != null) {
                return known;
            }
        }
        int needed = Reproduction.cleanRunsFor(rate, errorRate);
        Rate seen = Rate.NONE;
        Optional<RunRecord> last = Optional.empty();
        int wasted = 0;
        for (int attempt = 1; seen.seen() == 0 && seen.runs() < needed && wasted < WASTED; attempt++) {
            RunRecord run = run(kernel, attempt);
            last = Optional.of(run);
            switch (classified(kernel, run)) {
                case BAD -> seen = seen.and(true);
                case GOOD -> seen = seen.and(false);
                case SKIP -> wasted++;
            }
        }
        if (seen.seen() > 0) {
            return keep(result(kernel, last, Bug.Outcome.BAD, seen, 0));
        }
        return wasted == WASTED
                ? keep(result(kernel, last, Bug.Outcome.SKIP, seen, 1))
                : keep(result(kernel, last, Bug.Outcome.GOOD, seen, Reproduction.missed(rate, seen.runs())));
    }

    private RunRecord run(KernelSpec kernel, int attempt) throws InterruptedException {
        synchronized (results) {
            runs++;
        }
        return Bug.runOf(reproducer, trial.run(kernel, attempt))
                .orElseThrow(
                        () -> new IllegalStateException("no run of " + reproducer + " on " + kernel + " was recorded"));
    }

    private Bug.Outcome classified(KernelSpec kernel, RunRecord run) {
        Bug.Outcome outcome = bug.in(run);
        synchronized (results) {
            history.add(new Run(kernel, outcome, run));
        }
        return outcome;
    }

    /** Returns the runs so far, as they ended. */
    List<Run> history() {
        synchronized (results) {
            return List.copyOf(history);
        }
    }

    private Result result(
            KernelSpec kernel, Optional<RunRecord> last, Bug.Outcome sighting, Rate seen, double errorBound) {
        return new Result(
                kernel,
                last.map(run -> run.kernel().release()).orElse(""),
                sighting,
                seen,
                errorBound,
                last.map(Bug::word).orElse(""));
    }

    private Result keep(Result result) {
        synchronized (results) {
            results.put(result.kernel().toString(), result);
        }
        return result;
    }

    /** Returns how often the bug showed on the kernel that was measured. */
    public Rate rate() {
        return rate;
    }

    /** Returns the number of runs so far. */
    public int runs() {
        synchronized (results) {
            return runs;
        }
    }
}
