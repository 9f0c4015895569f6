// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import java.util.List;

/**
 * Consecutive samples of one CPU that show it in the same context, from outside and without a stop.
 *
 * @param fromMs the first one, in milliseconds from the beginning of the run
 * @param toMs the last one
 * @param context {@code user}, {@code idle}, {@code kernel}, or {@code irqs-off} for the kernel with interrupts disabled
 * @param samples how many
 * @param functions of the kernel in which they found it, the first few
 */
public record SampledSpan(int cpu, long fromMs, long toMs, String context, int samples, List<String> functions) {
    public SampledSpan {
        functions = List.copyOf(functions);
    }
}
