// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import java.time.Duration;

/** A moment after which waiting is over. Immutable; measured with {@link System#nanoTime()}. */
public record Deadline(long nanoTime) {

    public static Deadline in(Duration fromNow) {
        return new Deadline(System.nanoTime() + fromNow.toNanos());
    }

    public boolean expired() {
        return remaining().isZero();
    }

    /** The time left, never negative. */
    public Duration remaining() {
        return Duration.ofNanos(Math.max(0, nanoTime - System.nanoTime()));
    }

    /** Milliseconds left, at least 1, for calls to which 0 means for ever. */
    public long remainingMillis() {
        return Math.max(1, remaining().toMillis());
    }
}
