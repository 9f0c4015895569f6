// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import java.util.List;
import java.util.Set;

/**
 * What a {@link HangDetector} concludes from all samples so far.
 *
 * @param causes the CPUs that are stuck
 * @param victims the CPUs that wait as long, but for another CPU or for time to pass: they prove nothing
 * @param panicked whether the kernel has panicked and all CPUs have stopped for that; causes and victims are empty then
 * @param lives of every CPU that was sampled
 */
public record Diagnosis(List<Stuck> causes, List<Stuck> victims, boolean panicked, List<Life> lives) {
    public Diagnosis {
        causes = List.copyOf(causes);
        victims = List.copyOf(victims);
        lives = List.copyOf(lives);
    }

    /** Makes a diagnosis that does not tell how the CPUs live. */
    public Diagnosis(List<Stuck> causes, List<Stuck> victims, boolean panicked) {
        this(causes, victims, panicked, List.of());
    }

    /**
     * How a CPU lives.
     *
     * @param signs how often it showed a sign of life
     * @param silentNs how long its vCPU has run since the last one, nanoseconds
     * @param elsewhere in how many samples without one it was in code that does not wait for a lock; without the handlers of
     *     interrupts, if it waits with interrupts enabled
     */
    public record Life(int cpu, long signs, long silentNs, long elsewhere) {}

    /** Returns the longest time that a vCPU has run without a sign of life, nanoseconds; 0 after a panic, which is an end. */
    public long silentNs() {
        return panicked ? 0 : lives.stream().mapToLong(Life::silentNs).max().orElse(0);
    }

    public boolean isStuck() {
        return !causes.isEmpty();
    }

    /**
     * A CPU that shows no sign of life.
     *
     * @param sinceNs host time of the last sample up to which it may have been alive, nanoseconds
     * @param ranNs how long its vCPU has run since, nanoseconds
     * @param interruptsDisabled whether interrupts were disabled in every sample since
     * @param functions in which it was since; without interrupt handlers if interrupts were enabled
     */
    public record Stuck(int cpu, long sinceNs, long ranNs, boolean interruptsDisabled, Set<String> functions) {
        public Stuck {
            functions = Set.copyOf(functions);
        }
    }
}
