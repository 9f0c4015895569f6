// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.nmi.OutsideNmis;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class StormTest {
    /** Takes each NMI at once, but for a pause after the first. */
    private static final class Pausing implements OutsideNmis {
        private final long pauseNanos;
        private final AtomicLong sent = new AtomicLong();
        private volatile long firstAt;

        Pausing(Duration pause) {
            this.pauseNanos = pause.toNanos();
        }

        @Override
        public String source() {
            return "a test";
        }

        @Override
        public int cpus() {
            return 1;
        }

        @Override
        public Duration scale(Duration time) {
            return time.dividedBy(50);
        }

        @Override
        public void begin(double perSecond, Duration time) {}

        @Override
        public void send() {
            if (sent.getAndIncrement() == 0) {
                firstAt = System.nanoTime();
            }
        }

        @Override
        public void end() {}

        @Override
        public long taken() {
            return System.nanoTime() - firstAt < pauseNanos ? Math.min(1, sent.get()) : sent.get();
        }

        @Override
        public void sysrq() {}
    }

    private static Nmi nmi(OutsideNmis there, NmiMode mode) throws IOException {
        Kernel kernel = new Kernel(
                KernelSpec.parse("debian:7.2"),
                "7.2.0",
                "7.2.0",
                Path.of("bzImage"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                true,
                false,
                Optional.empty(),
                "digest");
        Symbols symbols = Symbols.parse("ffffffff81000000 T _text\n".getBytes(StandardCharsets.US_ASCII));
        return new Nmi(
                there,
                new KernelInfo(kernel, "7.2.0", Accelerator.TCG, symbols, null, Path.of("include")),
                symbols,
                mode,
                () -> false);
    }

    /** It is not evidence that the guest took none for a while; that it got few of those that it was to get is no proof, either. */
    @Test
    void aPauseEndsAStormThatThenCountsForLittle() throws Exception {
        Burst burst = nmi(new Pausing(Duration.ofHours(1)), NmiMode.AS_WRITTEN)
                .storm()
                .perSecond(100)
                .untilEvidence(Duration.ofSeconds(60));
        assertThat(burst.sent()).isPositive();
        assertThat(burst.required()).isEqualTo(3000).isGreaterThan(burst.taken());
    }

    @Test
    void aSteadyStormGoesOnAfterAPause() throws Exception {
        Pausing there = new Pausing(Duration.ofMillis(200));
        try (SteadyStorm storm = SteadyStorm.begin(nmi(there, NmiMode.AS_WRITTEN), 1000)) {
            Deadline deadline = Deadline.in(Duration.ofSeconds(30));
            while (storm.soFar().sent() < 20 && !deadline.expired()) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            assertThat(storm.soFar().sent()).isGreaterThanOrEqualTo(20);
        }
    }

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
