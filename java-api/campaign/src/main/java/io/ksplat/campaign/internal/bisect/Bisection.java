// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import io.ksplat.results.internal.campaign.BisectRecord;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The result of a bisection.
 *
 * @param errorBound an upper bound for the probability that the answer is wrong
 * @param from the last kernel before the change
 * @param to the first kernel with the change
 * @param commit the commit that made the change, if commits were bisected
 * @param skipped the kernels or commits that could not be classified, with the reason
 * @param remarks contradictions and other notes, one line each
 */
public record Bisection(
        boolean found,
        double errorBound,
        int runs,
        Optional<End> from,
        Optional<End> to,
        Optional<String> commit,
        List<Skipped> skipped,
        List<String> remarks) {
    public Bisection {
        skipped = List.copyOf(skipped);
        remarks = List.copyOf(remarks);
    }

    /** A kernel next to the change. */
    public record End(String spec, String release) {}

    /** A kernel or commit that could not be classified. */
    public record Skipped(String what, String reason) {}

    /** Returns {@code FOUND} or {@code CANNOT TELL}. */
    public String verdict() {
        return found ? "FOUND" : "CANNOT TELL";
    }

    /**
     * Returns what {@code bisect --json} prints.
     *
     * @param searched what was searched, and every run
     */
    BisectRecord record(String reproducer, BisectGoal find, Searched searched) {
        return new BisectRecord(
                verdict(),
                errorBound,
                runs,
                from.map(Bisection::end),
                to.map(Bisection::end),
                commit,
                skipped.stream()
                        .map(each -> new BisectRecord.Skipped(each.what(), each.reason()))
                        .toList(),
                remarks,
                reproducer,
                find.name().toLowerCase(Locale.ROOT),
                searched.lines(),
                searched.history());
    }

    private static BisectRecord.End end(End end) {
        return new BisectRecord.End(end.spec(), end.release());
    }
}
