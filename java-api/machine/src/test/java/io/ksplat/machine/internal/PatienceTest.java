// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class PatienceTest {
    private static final long HOUR = Duration.ofHours(1).toNanos();

    private final AtomicInteger asked = new AtomicInteger();

    @Test
    void aMachineThatDoesNotWaitForItsHostHasTheLimit() {
        CompletableFuture<String> never = new CompletableFuture<>();
        Patience patience = Patience.of(Duration.ofMillis(20), Patience.Starvation.NONE);
        assertThatThrownBy(() -> patience.await(never)).isInstanceOf(TimeoutException.class);
        assertThat(patience.expired()).isTrue();
        assertThat(patience).hasToString("20 ms");
    }

    @Test
    void whatItWaitedBeforeDoesNotCount() {
        Patience patience = Patience.of(Duration.ofMillis(20), () -> HOUR);
        assertThatThrownBy(() -> patience.await(new CompletableFuture<>())).isInstanceOf(TimeoutException.class);
    }

    @Test
    void theTimeInWhichItWaitsForItsHostIsAddedToTheLimit() throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        // Asked when the wait begins, and again when the limit has passed: only then the answer comes.
        Patience patience = Patience.of(Duration.ofSeconds(1), () -> {
            if (asked.incrementAndGet() > 1) {
                answer.complete("late");
            }
            return (asked.get() - 1) * HOUR;
        });
        assertThat(patience.await(answer)).isEqualTo("late");
        assertThat(asked.get()).isGreaterThan(1);
    }

    @Test
    void aMachineThatOnlyWaitsForItsHostIsGivenUp() {
        Patience patience = Patience.of(Duration.ofMillis(20), () -> asked.incrementAndGet() * HOUR);
        assertThatThrownBy(() -> patience.await(new CompletableFuture<>())).isInstanceOf(TimeoutException.class);
        assertThat(patience.toString()).startsWith("20 ms, not counting ").endsWith(" CPU of this host");
    }

    @Test
    void aMachineThatSleepsGetsNoMoreThanTheLimit() {
        Patience patience =
                Patience.whileItRuns(Duration.ofMillis(20), Patience.Starvation.NONE, Duration.ofHours(1), () -> 0);
        assertThatThrownBy(() -> patience.await(new CompletableFuture<>())).isInstanceOf(TimeoutException.class);
        assertThat(patience).hasToString("20 ms");
    }

    @Test
    void aMachineThatRunsGetsMore() throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        Patience patience =
                Patience.whileItRuns(Duration.ofMillis(20), Patience.Starvation.NONE, Duration.ofHours(1), () -> {
                    // Asked when the wait begins, and again when the limit has passed: only then the answer comes.
                    if (asked.incrementAndGet() > 1) {
                        answer.complete("late");
                    }
                    return System.nanoTime();
                });
        assertThat(patience.await(answer)).isEqualTo("late");
        assertThat(patience.expired()).isFalse();
    }
}
