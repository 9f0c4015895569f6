// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class WaitingTimeTest {
    private final WaitingTime time = new WaitingTime();

    /** The first one waited while the machine booted: what the second one waits since then counts all the same. */
    @Test
    void whoWaitsNowCountsHoweverLongAnotherOneHasWaited() {
        time.look(Map.of(1L, 500L, 2L, 10L));
        assertThat(time.nanos()).isEqualTo(500);
        time.look(Map.of(1L, 500L, 2L, 200L));
        assertThat(time.nanos()).isEqualTo(690);
    }

    @Test
    void timeInWhichSeveralWaitCountsOnce() {
        time.look(Map.of(1L, 100L, 2L, 70L));
        time.look(Map.of(1L, 150L, 2L, 130L));
        assertThat(time.nanos()).isEqualTo(160);
    }

    /** A thread that is gone has no statistics any more. */
    @Test
    void itNeverDecreases() {
        time.look(Map.of(1L, 100L));
        time.look(Map.of(1L, 0L));
        assertThat(time.nanos()).isEqualTo(100);
    }
}
