// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

/**
 * NMIs that were sent without aim, and what the guest made of them. Those that come while one is being handled become one.
 *
 * @param source {@code storm} or {@code sysrq}
 * @param how what repeats it: {@code storm of 100/s, jitter 0.5, seed 7}
 * @param sent how many, each to all the CPUs that it reaches
 * @param required how many the guest must have handled for the experiment to have been one
 * @param taken how many it handled, all CPUs together
 * @param beganNanos when the first was sent, as {@link System#nanoTime()}
 */
public record Burst(String source, String how, long sent, long required, long taken, long beganNanos) {
    @Override
    public String toString() {
        return how + ": " + sent + " NMIs sent, " + taken + " handled";
    }
}
