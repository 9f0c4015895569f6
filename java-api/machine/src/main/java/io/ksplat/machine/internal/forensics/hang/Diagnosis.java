// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import java.util.List;
import java.util.Set;

/**
 * What a {@link HangDetector} makes of all that it has seen so far.
 *
 * @param causes the CPUs that are stuck by themselves
 * @param victims the CPUs that wait, as long, for another CPU: no proof of anything
 * @param panicked the kernel has panicked and all CPUs have stopped in it: ended, not stuck; then causes and victims are empty
 */
public record Diagnosis(List<Stuck> causes, List<Stuck> victims, boolean panicked) {
    public Diagnosis {
        causes = List.copyOf(causes);
        victims = List.copyOf(victims);
    }

    public boolean isStuck() {
        return !causes.isEmpty();
    }

    /**
     * A CPU without a sign of life.
     *
     * @param sinceNs host time of the last sample before which it may have been alive, nanoseconds
     * @param ranNs how long its vCPU has run since, nanoseconds
     * @param interruptsDisabled whether in every sample since
     * @param functions where it was in the samples since, interrupt handlers left out where interrupts were enabled
     */
    public record Stuck(int cpu, long sinceNs, long ranNs, boolean interruptsDisabled, Set<String> functions) {
        public Stuck {
            functions = Set.copyOf(functions);
        }
    }
}
