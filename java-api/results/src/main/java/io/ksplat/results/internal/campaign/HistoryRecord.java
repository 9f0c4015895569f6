// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.campaign;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a history has of a name, or all that it has.
 *
 * @param name a signature, a reproducer or a kernel; empty for all
 * @param subject what the name is of, in one word: a signature, a reproducer, a kernel, or all
 * @param signatures what was seen, the last one first
 * @param rows one for each reproducer on each kernel and target
 * @param days how often by the day in UTC, the oldest first
 */
public record HistoryRecord(String name, String subject, List<Signature> signatures, List<Row> rows, List<Day> days)
        implements CampaignRecord {
    public HistoryRecord {
        signatures = List.copyOf(signatures);
        rows = List.copyOf(rows);
        days = List.copyOf(days);
    }

    /** Returns whether the rates are how often a signature was seen; else they are how often a run was not as expected. */
    public boolean isOfSignature() {
        return subject.equals("signature");
    }

    /** The first and the last day, in UTC; empty if no report said when. */
    public record Span(Optional<String> first, Optional<String> last) {}

    /** What was seen of a number of runs, and the 95 % interval of the rate. */
    public record Rate(int seen, int runs, double low, double high) {}

    /** A signature, and when each kernel showed it. */
    public record Signature(String signature, String kind, String title, Span span, List<On> kernels) {
        public Signature {
            kernels = List.copyOf(kernels);
        }
    }

    /** When a kernel showed a signature. */
    public record On(String release, Span span) {}

    /** How many runs had a verdict. */
    public record Count(String verdict, int runs) {}

    /**
     * A reproducer on a kernel.
     *
     * @param flaky whether its runs came to different decisions
     * @param medianMs how long a run took
     */
    public record Row(
            String reproducer,
            String release,
            String key,
            String target,
            List<Count> verdicts,
            Rate rate,
            Span seen,
            boolean flaky,
            OptionalLong medianMs) {
        public Row {
            verdicts = List.copyOf(verdicts);
        }
    }

    /** A day that has runs. */
    public record Day(String day, Rate rate) {}
}
