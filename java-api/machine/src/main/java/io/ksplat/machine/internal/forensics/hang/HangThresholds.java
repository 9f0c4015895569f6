// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import io.ksplat.machine.Accelerator;

/**
 * How long and how often a {@link HangDetector} must see a CPU before it calls it stuck.
 *
 * @param maskedNs nanoseconds that its vCPU ran without a heartbeat, with interrupts disabled in every sample
 * @param openNs the same if interrupts were enabled in some samples: long but finite loops are common there
 * @param gapNs the most that the time between two samples counts for, if the vCPU's run time is not known
 * @param samples the least number of samples without a sign of life
 * @param functions the most different functions in which it may have been: a lock's slow path is two or three
 */
record HangThresholds(long maskedNs, long openNs, long gapNs, int samples, int functions) {
    private static final long MS = 1_000_000;

    /** For software emulation on a busy machine. */
    public static final HangThresholds TCG = new HangThresholds(700 * MS, 2100 * MS, 50 * MS, 5, 4);

    /**
     * For a host CPU. It is many times faster, but a healthy kernel keeps interrupts disabled longest while it prints a report to a
     * serial console, and that depends on the console.
     */
    public static final HangThresholds KVM = new HangThresholds(500 * MS, 1500 * MS, 50 * MS, 5, 4);

    public HangThresholds {
        if (maskedNs <= 0 || openNs < maskedNs || gapNs <= 0 || samples < 2 || functions < 1) {
            throw new IllegalArgumentException(
                    "hang thresholds: " + maskedNs + " ns masked, " + openNs + " ns open, " + gapNs
                            + " ns a gap, " + samples + " samples, " + functions
                            + " functions: times must be positive, open no less than masked, samples at least 2");
        }
    }

    /** Returns the thresholds for an accelerator. */
    public static HangThresholds under(Accelerator accelerator) {
        return switch (accelerator) {
            case KVM -> KVM;
            case TCG -> TCG;
        };
    }

    /**
     * Returns the run time that suffices if a CPU's general registers do not change and every other CPU is alive: such a CPU neither
     * counts down, nor waits for a slow one. A tenth of {@link #maskedNs}: memory has to prove it all the same.
     */
    public long frozenNs() {
        return maskedNs / 10;
    }

    /** Returns the same thresholds with all run times multiplied by {@code factor}. */
    public HangThresholds scaledBy(double factor) {
        return new HangThresholds((long) (maskedNs * factor), (long) (openNs * factor), gapNs, samples, functions);
    }
}
