// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import java.time.Duration;

/** The moment at which a wait ends, measured with {@link System#nanoTime()}. */
public record Deadline(long nanoTime) {

    /** Makes a deadline that expires after a time from now. */
    public static Deadline in(Duration fromNow) {
        return new Deadline(System.nanoTime() + fromNow.toNanos());
    }

    public boolean expired() {
        return remaining().isZero();
    }

    /** Returns the time left, never negative. */
    public Duration remaining() {
        return Duration.ofNanos(Math.max(0, nanoTime - System.nanoTime()));
    }

    /** Returns the milliseconds left, at least 1: many calls take 0 for no limit. */
    public long remainingMillis() {
        return Math.max(1, remaining().toMillis());
    }
}
