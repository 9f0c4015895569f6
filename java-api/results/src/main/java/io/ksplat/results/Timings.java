// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import java.util.OptionalLong;

/**
 * Where a run's time went, in milliseconds; a step that the run did not reach is empty.
 *
 * @param bootMs from the start of QEMU to the agent's first message, of the boot that succeeded
 * @param restoreMs the same for a machine that was restored from a template
 * @param firstEvidenceMs from the beginning of the run to the first evidence
 * @param totalMs all of the run
 */
public record Timings(OptionalLong bootMs, OptionalLong restoreMs, OptionalLong firstEvidenceMs, long totalMs) {
    /** Returns the timings of a run of which only its length is known. */
    public static Timings ofTotal(long totalMs) {
        return new Timings(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), totalMs);
    }

    /** Returns the same timings with another length of the run. */
    public Timings withTotal(long ms) {
        return new Timings(bootMs, restoreMs, firstEvidenceMs, ms);
    }
}
