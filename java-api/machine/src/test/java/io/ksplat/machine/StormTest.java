// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class StormTest {
    private static List<Long> gaps(double jitter, long seed) {
        Storm.Gaps gaps = new Storm.Gaps(100, jitter, seed);
        return LongStream.generate(gaps::next).limit(50).boxed().toList();
    }

    @Test
    void theSameSeedGivesTheSameGaps() {
        assertThat(gaps(0.5, 7)).isEqualTo(gaps(0.5, 7)).isNotEqualTo(gaps(0.5, 8));
    }

    @Test
    void gapsStayWithinTheJitter() {
        assertThat(gaps(0, 1)).containsOnly(10_000_000L);
        assertThat(gaps(0.2, 1))
                .allMatch(gap -> gap >= 8_000_000 && gap <= 12_000_000)
                .hasSizeGreaterThan(1);
        assertThat(gaps(0.2, 1).stream().distinct()).hasSizeGreaterThan(10);
    }

    @Test
    void whatABusyHostDidNotSendInTimeIsNotSentInARow() {
        Storm.Gaps gaps = new Storm.Gaps(100, 0, 0);
        long gap = 10_000_000;
        // A little late: the rate is kept.
        assertThat(gaps.after(5 * gap, 5 * gap + gap / 2)).isEqualTo(6 * gap);
        // Later than the next one: from now on.
        assertThat(gaps.after(5 * gap, 40 * gap)).isEqualTo(41 * gap);
    }
}
