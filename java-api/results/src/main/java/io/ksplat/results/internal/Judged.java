// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.results.RunRecord;
import io.ksplat.results.ToolRecord;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;

/**
 * Whether a run is judged by what its reproducer expects. Those of a patch trial and of a bisection are judged together: that the bug is
 * gone with the patch is no surprise.
 */
public final class Judged {
    private static final Set<String> TOGETHER = Set.of("patch", "bisect");

    private Judged() {}

    /** Returns the command that judges the run together with others; empty if it stands for itself. */
    public static Optional<String> together(RunRecord run) {
        return run.tool()
                .map(ToolRecord::arguments)
                .filter(arguments -> !arguments.isEmpty() && TOGETHER.contains(arguments.get(0)))
                .map(arguments -> arguments.get(0));
    }

    /** Returns whether the run is not as expected, and stands for itself; nobody hopes for an ERROR. */
    public static boolean isUnexpected(RunRecord run) {
        return !run.asExpected() && (run.isError() || together(run).isEmpty());
    }

    /** Says how runs compare with what was expected: {@code 3 not as expected}. */
    public static String words(Collection<RunRecord> runs) {
        long unexpected = runs.stream().filter(Judged::isUnexpected).count();
        if (unexpected > 0) {
            return unexpected + " not as expected";
        }
        boolean all =
                !runs.isEmpty() && runs.stream().allMatch(run -> together(run).isPresent());
        return all ? "judged together" : "all as expected";
    }
}
