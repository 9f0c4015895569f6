// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import io.ksplat.machine.Accelerator;

/**
 * How much a {@link HangDetector} must have seen of a CPU to call it stuck.
 *
 * @param maskedNs nanoseconds that its vCPU ran without a beat, interrupts disabled in every sample
 * @param openNs the same with interrupts enabled in some, where a long but finite loop is no rarity
 * @param gapNs what one gap between two samples counts for at most, where the vCPU's own run time is not known
 * @param samples how many samples without a sign of life, at least
 * @param functions how many different functions it may have been seen in, at most: a lock's slow path is two or three
 */
record HangThresholds(long maskedNs, long openNs, long gapNs, int samples, int functions) {
    private static final long MS = 1_000_000;

    /** For software emulation on a busy machine. */
    public static final HangThresholds TCG = new HangThresholds(700 * MS, 2100 * MS, 50 * MS, 5, 4);

    /**
     * For a host CPU: many times faster, but the longest that a healthy kernel keeps interrupts disabled, while it prints a report to
     * a serial console, is bound by the console.
     */
    public static final HangThresholds KVM = new HangThresholds(500 * MS, 1500 * MS, 50 * MS, 5, 4);

    public HangThresholds {
        if (maskedNs <= 0 || openNs < maskedNs || gapNs <= 0 || samples < 2 || functions < 1) {
            throw new IllegalArgumentException("patience: " + maskedNs + " ns masked, " + openNs + " ns open, " + gapNs
                    + " ns a gap, " + samples + " samples, " + functions
                    + " functions: times must be positive, open no less than masked, samples at least 2");
        }
    }

    /** What fits how the machine runs. */
    public static HangThresholds under(Accelerator accelerator) {
        return switch (accelerator) {
            case KVM -> KVM;
            case TCG -> TCG;
        };
    }

    /**
     * Run time that suffices where a CPU's general registers do not change and every other CPU lives: such a CPU neither counts
     * towards an end, nor waits for somebody who is slow. A fifth of {@link #maskedNs}.
     */
    public long frozenNs() {
        return maskedNs / 5;
    }

    /** The same with run times {@code factor} times as long. */
    public HangThresholds scaledBy(double factor) {
        return new HangThresholds((long) (maskedNs * factor), (long) (openNs * factor), gapNs, samples, functions);
    }
}
