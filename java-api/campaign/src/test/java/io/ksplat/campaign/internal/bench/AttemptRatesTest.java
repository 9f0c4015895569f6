// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.ksplat.engine.internal.PhaseTimings;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AttemptRatesTest {
    private static final KernelName KERNEL = new KernelName("debian:7.2", "7.2.13", "key");

    private final List<String> order = new ArrayList<>();
    private final PhaseTimings spent = new PhaseTimings();
    private long nanos;

    @Test
    void theTwoTakeTurnsAndTheFirstAttemptsDoNotCount() throws Exception {
        AttemptRates rates =
                rates(times -> ran("stuck", Verdict.DEADLOCK, times, 1), times -> ran("fine", Verdict.CLEAN, times, 2));

        rates.measure(25, 2);

        assertThat(order).containsExactly("stuck 1", "fine 1", "stuck 12", "fine 12", "stuck 13", "fine 13");
        Measurement measured = measured(rates);
        assertThat(figure(measured, "attemptsPerMinute").median()).isEqualTo(60, within(1e-9));
        assertThat(figure(measured, "cleanAttemptsPerMinute").median()).isEqualTo(30, within(1e-9));
        assertThat(figure(measured, "attemptMs").values()).hasSize(25).containsOnly(1000.0);
        assertThat(figure(measured, "cleanAttemptMs").values()).hasSize(25).containsOnly(2000.0);
        assertThat(figure(measured, "watching").values()).hasSize(2);
        assertThat(figure(measured, "clean watching").values()).hasSize(2);
        Ratio ratio = measured.ratios().get(0);
        assertThat(ratio.name()).isEqualTo("clean/deadlock");
        assertThat(ratio.value()).isEqualTo(0.5, within(1e-9));
        assertThat(ratio.low().orElseThrow()).isEqualTo(0.5, within(1e-9));
    }

    @Test
    void oneTurnGivesARatioWithoutInterval() throws Exception {
        AttemptRates rates =
                rates(times -> ran("stuck", Verdict.DEADLOCK, times, 3), times -> ran("fine", Verdict.CLEAN, times, 1));

        rates.measure(3, 2);

        Ratio ratio = rates.ratios().get(0);
        assertThat(ratio.value()).isEqualTo(3, within(1e-9));
        assertThat(ratio.low()).isEmpty();
    }

    @Test
    void anAttemptThatIsNotCleanGivesNoFigure() {
        AttemptRates rates = rates(
                times -> ran("stuck", Verdict.DEADLOCK, times, 1),
                times -> ran("fine", times > 1 ? Verdict.DEADLOCK : Verdict.CLEAN, times, 1));

        assertThatThrownBy(() -> rates.measure(3, 1))
                .hasMessage("fine gives no figure on debian:7.2: its attempt 1 is DEADLOCK, not CLEAN");
    }

    @Test
    void anAttemptThatIsNoDeadlockGivesNoFigureEvenIfTheReproducerExpectsIt() {
        AttemptRates rates = rates(
                times -> List.of(run("stuck", 1, Verdict.UNSUPPORTED, 1)
                        .expected(Verdict.UNSUPPORTED)
                        .message("the kernel has no kfunc x")
                        .build()),
                times -> ran("fine", Verdict.CLEAN, times, 1));

        assertThatThrownBy(() -> rates.measure(3, 1))
                .hasMessageContaining("its attempt 1 is UNSUPPORTED, not DEADLOCK: the kernel has no kfunc x");
    }

    @Test
    void aRightVerdictThatDiffersElsewhereGivesNoFigure() {
        AttemptRates rates = rates(
                times -> List.of(run("stuck", 1, Verdict.DEADLOCK, 1)
                        .mismatch("another message")
                        .build()),
                times -> ran("fine", Verdict.CLEAN, times, 1));

        assertThatThrownBy(() -> rates.measure(3, 1)).hasMessageContaining("another message");
    }

    @Test
    void attemptsThatDidNotEndGiveNoFigure() {
        AttemptRates rates = rates(
                times -> ran("stuck", Verdict.DEADLOCK, times, 1),
                times -> ran("fine", Verdict.CLEAN, Math.min(times, 2), 1));

        assertThatThrownBy(() -> rates.measure(3, 1)).hasMessage("only 2 of 3 attempts that should be CLEAN ended");
    }

    private AttemptRates rates(Bench.Attempts deadlock, Bench.Attempts clean) {
        return new AttemptRates(spent, () -> nanos, deadlock, clean);
    }

    private static Measurement measured(AttemptRates rates) throws Exception {
        return new Measurement("attempts", Map.of(), rates.figures(), rates.ratios());
    }

    private static Figure figure(Measurement measured, String name) {
        return measured.figures().stream()
                .filter(figure -> figure.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private List<RunRecord> ran(String id, Verdict verdict, int times, int secondsEach) {
        order.add(id + " " + times);
        nanos += times * secondsEach * 1_000_000_000L;
        spent.add("watching", System.nanoTime());
        return IntStream.rangeClosed(1, times)
                .mapToObj(attempt -> run(id, attempt, verdict, secondsEach).build())
                .toList();
    }

    private static RunRecord.Builder run(String id, int attempt, Verdict verdict, int seconds) {
        return RunRecord.of(id, KERNEL, attempt)
                .verdict(verdict)
                .expected(verdict)
                .timings(Timings.ofTotal(seconds * 1000L));
    }
}
