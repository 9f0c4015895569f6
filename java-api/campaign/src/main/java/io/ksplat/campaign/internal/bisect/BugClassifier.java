// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import io.ksplat.campaign.Bug;
import io.ksplat.campaign.Trial;
import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.campaign.internal.statistics.Reproduction;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunRecord;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Tells kernels with a bug from those without. How often the bug shows is measured at a kernel that has it; that sets how many
 * clean runs make another one good. Several kernels may be looked at at the same time.
 */
public final class BugClassifier {
    /** Sightings at the bad end, from which the rate is known well enough. */
    private static final int SIGHTINGS = 2;

    /** Runs at the bad end without a sighting, after which it has none. */
    private static final int PATIENCE = 30;

    /** Runs that tell nothing, after which a kernel cannot be told. */
    private static final int WASTED = 3;

    private final Trial trial;
    private final String reproducer;
    private final double errorRate;
    private final Map<String, Result> results = new TreeMap<>();
    private Bug bug = Bug.UNKNOWN;
    private Rate rate = Rate.NONE;
    private int runs;

    /**
     * Prepares an assay.
     *
     * @param reproducer the id whose records count
     * @param errorRate how often a kernel with the bug may be taken for a good one
     */
    public BugClassifier(Trial trial, String reproducer, double errorRate) {
        this.trial = trial;
        this.reproducer = reproducer;
        this.errorRate = errorRate;
    }

    /**
     * What became of a kernel.
     *
     * @param release empty where it did not get as far as that
     * @param seen how often the bug showed in the runs that told
     * @param errorBound how probable it is that a good one is bad after all
     * @param why what the last run said, for people
     */
    public record Result(
            KernelSpec kernel, String release, Bug.Outcome sighting, Rate seen, double errorBound, String why) {}

    /** Measures the bug at a kernel that is said to have it: it is good where it does not show. */
    public Result measure(KernelSpec kernel) throws InterruptedException {
        Rate seen = Rate.NONE;
        Optional<RunRecord> last = Optional.empty();
        int wasted = 0;
        for (int attempt = 1; seen.seen() < SIGHTINGS && wasted < WASTED; attempt++) {
            RunRecord run = run(kernel, attempt);
            last = Optional.of(run);
            bug = bug.with(run);
            switch (bug.in(run)) {
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

    /** Looks at a kernel until it is told. */
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
            switch (bug.in(run)) {
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
        return trial.run(kernel, attempt).stream()
                .filter(run -> run.reproducer().equals(reproducer))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalStateException("no run of " + reproducer + " on " + kernel + " was recorded"));
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

    /** How often the bug showed at the kernel that was measured. */
    public Rate rate() {
        return rate;
    }

    /** All runs so far. */
    public int runs() {
        synchronized (results) {
            return runs;
        }
    }
}
