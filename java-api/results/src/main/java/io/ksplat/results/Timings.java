// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import java.util.OptionalLong;

/**
 * Where a run's time went, in milliseconds; absent where it did not come so far.
 *
 * @param bootMs from the start of QEMU to the agent's word, the boot that succeeded
 * @param restoreMs the same for a machine restored from a template
 * @param firstEvidenceMs from the beginning of the experiment
 * @param totalMs all of the run
 */
public record Timings(OptionalLong bootMs, OptionalLong restoreMs, OptionalLong firstEvidenceMs, long totalMs) {}
