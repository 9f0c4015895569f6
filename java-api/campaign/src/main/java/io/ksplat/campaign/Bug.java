// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A bug, identified by the signatures of its evidence. */
public record Bug(Set<String> signatures) {
    public static final Bug UNKNOWN = new Bug(Set.of());

    public Bug {
        signatures = Set.copyOf(signatures);
    }

    /** What a run says about a bug, in the words of git bisect. */
    public enum Outcome {
        /** The bug showed, with its signature. */
        BAD,
        /** The run was CLEAN or RECOVERED. */
        GOOD,
        /** Neither: another splat, a failed control, or a kernel that lacks something. */
        SKIP
    }

    /** Returns whether a run ended in a splat, from any bug. */
    public static boolean isSplat(RunRecord run) {
        return run.verdict().isSplat();
    }

    /** Adds the signatures of a run on a kernel that has the bug; none if the run says itself that it shows another bug. */
    public Bug with(RunRecord run) {
        Set<String> all = new TreeSet<>(signatures);
        if (isSplat(run) && run.mismatch().isEmpty()) {
            all.addAll(signaturesOf(run));
        }
        return new Bug(all);
    }

    /** Returns the bug together with what the runs of a reproducer showed. */
    public Bug asIn(List<RunRecord> runs, String reproducer) {
        Bug bug = this;
        for (RunRecord run : runs) {
            if (run.reproducer().equals(reproducer)) {
                bug = bug.with(run);
            }
        }
        return bug;
    }

    /**
     * Returns the run of a reproducer among those of one trial; that of all its cases, if a file could not be made ready and so has no
     * case.
     */
    public static Optional<RunRecord> runOf(String reproducer, List<RunRecord> runs) {
        return runs.stream()
                .filter(run -> run.reproducer().equals(reproducer))
                .findFirst()
                .or(() -> runs.stream()
                        .filter(run -> runs.size() == 1 && reproducer.startsWith(run.reproducer() + "/"))
                        .findFirst());
    }

    /** Classifies a run. */
    public Outcome in(RunRecord run) {
        if (isSplat(run)) {
            return signaturesOf(run).stream().anyMatch(signatures::contains) ? Outcome.BAD : Outcome.SKIP;
        }
        return run.verdict() == Verdict.CLEAN || run.verdict() == Verdict.RECOVERED ? Outcome.GOOD : Outcome.SKIP;
    }

    /**
     * Returns the signatures of the evidence that alone would give the run its verdict. Other evidence is not the bug.
     */
    public static Set<String> signaturesOf(RunRecord run) {
        return new Findings(run.evidence(), run.controls(), true)
                .decisive(run.verdict()).stream()
                        .map(Evidence::signature)
                        .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Returns in one line what a run showed, or why it says nothing about a bug. */
    public static String word(RunRecord run) {
        if (isSplat(run)) {
            return run.verdict()
                    + run.evidence().stream()
                            .findFirst()
                            .map(found -> ": " + found.title())
                            .orElse("");
        }
        String failed = run.controls().stream()
                .filter(control -> !control.passed())
                .map(Control::name)
                .collect(Collectors.joining(", "));
        return run.verdict()
                + run.message()
                        .map(why -> ": " + why.lines().findFirst().orElse(""))
                        .orElse(failed.isEmpty() ? "" : ": failed controls: " + failed);
    }
}
