// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A bug, known by the signatures of the evidence that it left. */
public record Bug(Set<String> signatures) {
    public static final Bug UNKNOWN = new Bug(Set.of());

    public Bug {
        signatures = Set.copyOf(signatures);
    }

    /** What a run says of a bug. */
    public enum Outcome {
        /** It showed, by its signature. */
        BAD,
        /** The run was clean, controls and all, or the kernel helped itself. */
        GOOD,
        /** Neither: another splat, a failed control, a kernel that lacks something. */
        SKIP
    }

    /** Whether a run ended in a splat, of whatever bug. */
    public static boolean isSplat(RunRecord run) {
        return run.verdict() == Verdict.DEADLOCK || run.verdict() == Verdict.CRASH;
    }

    /** The bug together with what a run of a kernel that has it showed. */
    public Bug with(RunRecord run) {
        Set<String> all = new TreeSet<>(signatures);
        if (isSplat(run)) {
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

    public Outcome in(RunRecord run) {
        if (isSplat(run)) {
            return signaturesOf(run).stream().anyMatch(signatures::contains) ? Outcome.BAD : Outcome.SKIP;
        }
        return run.verdict() == Verdict.CLEAN || run.verdict() == Verdict.RECOVERED ? Outcome.GOOD : Outcome.SKIP;
    }

    /** Of the evidence that alone would give the run its verdict; what else there was is not the bug. */
    public static Set<String> signaturesOf(RunRecord run) {
        return new Findings(run.evidence(), run.controls(), true)
                .decisive(run.verdict()).stream()
                        .map(Evidence::signature)
                        .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Why a run does not tell, or what it showed, in one line. */
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
