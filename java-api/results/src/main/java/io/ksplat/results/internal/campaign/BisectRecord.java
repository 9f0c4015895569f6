// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.campaign;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The result of a bisection.
 *
 * @param verdict {@code FOUND} or {@code CANNOT TELL}
 * @param errorBound an upper bound for the probability that the answer is wrong
 * @param from the last kernel before the change
 * @param to the first kernel with the change
 * @param commit the commit that made the change, if commits were bisected
 * @param find {@code cause} or {@code cure}
 * @param lines what was searched, one search after the other
 * @param history the runs, in their order
 */
public record BisectRecord(
        String verdict,
        double errorBound,
        int runs,
        Optional<End> from,
        Optional<End> to,
        Optional<String> commit,
        List<Skipped> skipped,
        List<String> remarks,
        String reproducer,
        String find,
        List<Line> lines,
        List<Run> history)
        implements CampaignRecord {
    public BisectRecord {
        skipped = List.copyOf(skipped);
        remarks = List.copyOf(remarks);
        lines = List.copyOf(lines);
        history = List.copyOf(history);
    }

    public boolean isFound() {
        return verdict.equals("FOUND");
    }

    /** A kernel next to the change. */
    public record End(String spec, String release) {}

    /** A kernel or commit that could not be classified. */
    public record Skipped(String what, String reason) {}

    /** Kernels or commits from the oldest to the newest, among which the change was searched. */
    public record Line(String name, List<Member> members) {
        public Line {
            members = List.copyOf(members);
        }
    }

    /**
     * A kernel or a commit, or several neighbours that were not run.
     *
     * @param what it is; of several, the oldest
     * @param to of several, the newest
     * @param count how many
     * @param seen how many of the runs showed the bug
     * @param runs the runs that were good or bad
     * @param probability that the change came with it, or with one of them
     */
    public record Member(
            String what, Optional<String> to, int count, int seen, int runs, boolean skipped, double probability) {}

    /**
     * A run.
     *
     * @param what the kernel or commit
     * @param position of it among all, the oldest first; empty if it is not one of them
     * @param outcome {@code BAD}, {@code GOOD} or {@code SKIP}
     * @param word what it showed, in one line
     * @param folder the run's, below the report; empty if this report has it not
     */
    public record Run(String what, OptionalInt position, String outcome, String word, Optional<String> folder) {}
}
