// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeadlineTest {
    @Test
    void countsDownAndIsNeverNegative() {
        Deadline past = Deadline.in(Duration.ofSeconds(-5));
        assertThat(past.expired()).isTrue();
        assertThat(past.remaining()).isZero();
        Deadline future = Deadline.in(Duration.ofMinutes(1));
        assertThat(future.expired()).isFalse();
        assertThat(future.remaining()).isBetween(Duration.ofSeconds(50), Duration.ofSeconds(60));
        assertThat(future.remainingMillis()).isBetween(50_000L, 60_000L);
    }

    @Test
    void neverAsksForAWaitThatMeansForEver() {
        assertThat(Deadline.in(Duration.ZERO).remainingMillis()).isEqualTo(1);
        assertThat(Deadline.in(Duration.ofNanos(10)).remainingMillis()).isEqualTo(1);
    }

    @Test
    void survivesTheClocksOverflow() {
        // System.nanoTime() may start anywhere and wrap around.
        assertThat(new Deadline(System.nanoTime() + Long.MAX_VALUE).expired()).isFalse();
    }
}
