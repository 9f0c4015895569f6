// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SoakResultTest {
    private static RunRecord run(String id, Verdict expected, Verdict verdict) {
        return RunRecord.of(id, new KernelName("debian:6.12", "6.12.118", "key"), 1)
                .expected(expected)
                .verdict(verdict)
                .message("because")
                .build();
    }

    private static SoakResult of(RunRecord... runs) {
        return new SoakResult(List.of(runs), List.of(), List.of());
    }

    @Test
    void aVerdictThatSaysSomethingElseIsAContradiction() {
        SoakResult result = of(
                run("good", Verdict.DEADLOCK, Verdict.DEADLOCK),
                run("wrong-clean", Verdict.DEADLOCK, Verdict.CLEAN),
                run("wrong-deadlock", Verdict.CLEAN, Verdict.DEADLOCK),
                run("decided", Verdict.INCONCLUSIVE, Verdict.CLEAN));

        assertThat(result.contradictions())
                .extracting(RunRecord::reproducer)
                .containsExactly("wrong-clean", "wrong-deadlock", "decided");
        assertThat(result.hasFailed()).isFalse();
        assertThat(result.text())
                .contains("4 runs, contradictions: 3 of 4")
                .contains("- 1 x wrong-clean on debian:6.12: CLEAN, expected DEADLOCK: because")
                .doesNotContain("good on");
    }

    @Test
    void whatSaysNothingIsListedAndIsNoContradiction() {
        SoakResult result = of(
                run("unsure", Verdict.CLEAN, Verdict.INCONCLUSIVE),
                run("unsure", Verdict.CLEAN, Verdict.INCONCLUSIVE),
                run("meant", Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE));

        assertThat(result.contradictions()).isEmpty();
        assertThat(result.hasFailed()).isFalse();
        assertThat(result.text())
                .contains("- 2 x unsure on debian:6.12: INCONCLUSIVE, expected CLEAN: because")
                .doesNotContain("meant");
    }

    @Test
    void anErrorIsTheHarnesss() {
        SoakResult result = of(run("broken", Verdict.CLEAN, Verdict.ERROR));

        assertThat(result.contradictions()).isEmpty();
        assertThat(result.hasFailed()).isTrue();
        assertThat(of().hasFailed()).as("a soak without a run").isTrue();
    }

    private static List<Footprint> processes(long... counts) {
        return LongStream.of(counts)
                .mapToObj(count -> new Footprint(20_000, 30, 12, count))
                .toList();
    }

    @Test
    void whatStaysAfterEachRoundGrows() {
        assertThat(Footprint.growth(processes(0, 1, 2, 3)))
                .containsExactly("processes: at most 1 after the first 2 rounds, at least 2 after each later one");
        assertThat(Footprint.growth(processes(0, 1, 0, 0))).isEmpty();
        assertThat(Footprint.growth(processes(0, 1, 2)))
                .as("too few rounds to tell")
                .isEmpty();
    }

    @Test
    void cachesMayFill() {
        List<Footprint> rounds = LongStream.of(60_000, 64_000, 66_000, 67_000)
                .mapToObj(heap -> new Footprint(heap, 30, 12, 0))
                .toList();
        assertThat(Footprint.growth(rounds)).isEmpty();

        List<Footprint> leak = LongStream.of(60_000, 80_000, 140_000, 180_000)
                .mapToObj(heap -> new Footprint(heap, 30, 12, 0))
                .toList();
        assertThat(Footprint.growth(leak)).hasSize(1);
    }
}
