// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EstimateTest {
    private final Estimate estimate =
            new Estimate(10, Duration.ofMinutes(4), Map.of("machine A", 90_000L, "cli B", 210_000L));

    @Test
    void saysTheTimeOfTheRunBeforeUntilItKnowsBetter() {
        assertThat(estimate.left(Map.of(), Duration.ofMinutes(1))).contains(Duration.ofMinutes(3));
        assertThat(estimate.left(Map.of(), Duration.ofMinutes(5))).isEmpty();
    }

    @Test
    void thenGoesByTheSpeedOfThisMachine() {
        assertThat(estimate.left(Map.of("machine A", 1L, "new C", 1L), Duration.ofMinutes(3)))
                .contains(Duration.ofMinutes(7));
    }

    @Test
    void isReadAsItWasWritten(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("a/times");
        estimate.write(file);
        assertThat(Estimate.read(List.of(folder.resolve("none"), file))).isEqualTo(estimate);
        assertThat(Estimate.read(List.of()).left(Map.of(), Duration.ZERO)).isEmpty();
    }

    @Test
    void isSaidInWholeMinutes() {
        assertThat(Terminal.left(Optional.of(Duration.ofSeconds(61)))).isEqualTo("2 min left");
        assertThat(Terminal.left(Optional.of(Duration.ofSeconds(59)))).isEqualTo("59 s left");
        assertThat(Terminal.left(Optional.empty())).isEmpty();
    }
}
