// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Finding;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.campaign.internal.sweep.SweepMap;
import io.ksplat.campaign.internal.sweep.SweepPoint;
import io.ksplat.evidence.Verdict;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JudgedTest {
    private static final Operation OPERATION =
            Operations.named(List.of("map-update/array")).get(0);

    private static SweepPoint point(int n, Verdict verdict, List<String> holds, String... console) {
        return new SweepPoint(
                n, 4096L + n, "f", n, verdict, holds, Optional.empty(), List.of(console), Optional.empty());
    }

    private static SweepPoint point(int n, Verdict verdict) {
        return point(n, verdict, List.of());
    }

    private static SweepPoint failing(int n, String why) {
        return new SweepPoint(
                n,
                4096L + n,
                "f",
                n,
                Verdict.ERROR,
                List.of(),
                Optional.empty(),
                List.of("BUG: which is not the reason"),
                Optional.of(why));
    }

    private static Judged judged(boolean whole, Map<Integer, Map<String, Long>> counters, SweepPoint... points) {
        SweepMap map = new SweepMap(
                "map-update/array",
                "debian:7.2",
                "7.2.13",
                "walk",
                0,
                "an-anchor",
                List.of(points),
                List.of(),
                List.of(4096L),
                1.5);
        return new Judged(OPERATION, 7, whole, map, counters);
    }

    private static Judged judged(SweepPoint... points) {
        Map<Integer, Map<String, Long>> counters = new HashMap<>();
        for (SweepPoint point : points) {
            counters.put(point.n(), Map.of(Judged.SUCCEEDED, 1L));
        }
        return judged(true, counters, points);
    }

    private static Tried answer(Judged judged) throws Exception {
        return judged.answer((windows, deadly) -> {
            throw new AssertionError("nothing is deadly");
        });
    }

    private static Finding finding(boolean confirmed) {
        return new Finding("s", "l", "f+0x1", "f+0x2", 2, confirmed, false, Optional.empty(), "r");
    }

    @Test
    void safeIfEachPointIsCleanAndTheOperationSucceeded() throws Exception {
        Tried tried = answer(judged(point(0, Verdict.CLEAN), point(3, Verdict.CLEAN)));
        assertThat(tried.answer()).isEqualTo(Answer.SAFE);
        assertThat(tried.points()).isEqualTo(2);
        assertThat(tried.succeeded()).isEqualTo(2);
        assertThat(tried.message()).isEmpty();
        assertThat(tried.failed()).isFalse();
    }

    @Test
    void pointsAtWhichItFailedDoNotCountAsSucceeded() throws Exception {
        Map<Integer, Map<String, Long>> counters =
                Map.of(0, Map.of(Judged.SUCCEEDED, 0L, Judged.ERROR, -16L), 3, Map.of(Judged.SUCCEEDED, 1L));
        Tried tried = answer(judged(true, counters, point(0, Verdict.CLEAN), point(3, Verdict.CLEAN)));
        assertThat(tried.answer()).isEqualTo(Answer.SAFE);
        assertThat(tried.succeeded()).isEqualTo(1);
    }

    @Test
    void refusedIfItOnlyFailed() throws Exception {
        Tried tried = answer(judged(true, Map.of(1, Map.of(Judged.ERROR, -16L)), point(1, Verdict.CLEAN)));
        assertThat(tried.answer()).isEqualTo(Answer.REFUSED);
        assertThat(tried.message()).hasValueSatisfying(why -> assertThat(why).endsWith("error -16"));
    }

    @Test
    void notSafeIfTheKernelReportedSomethingAtAPoint() throws Exception {
        Tried tried = answer(judged(
                point(0, Verdict.CLEAN), point(1, Verdict.CLEAN, List.of(), "BUG: KASAN: slab-use-after-free in f")));
        assertThat(tried.answer()).isEqualTo(Answer.INCONCLUSIVE);
        assertThat(tried.message()).contains("f+0x1: BUG: KASAN: slab-use-after-free in f");
        assertThat(tried.failed()).as("it is the kernel's").isFalse();
    }

    @Test
    void notSafeIfAPointHasNoClearResult() throws Exception {
        Tried tried = answer(judged(point(0, Verdict.CLEAN), point(2, Verdict.INCONCLUSIVE)));
        assertThat(tried.answer()).isEqualTo(Answer.INCONCLUSIVE);
        assertThat(tried.message()).contains("f+0x2: INCONCLUSIVE");
        assertThat(tried.failed()).isFalse();
    }

    /** So that the exit code says it, and that it is tried again. */
    @Test
    void whereKsplatFailsItSaysSo() throws Exception {
        Tried tried = answer(judged(point(0, Verdict.CLEAN), failing(2, "no disk")));
        assertThat(tried.answer()).isEqualTo(Answer.INCONCLUSIVE);
        assertThat(tried.message()).contains("f+0x2: no disk");
        assertThat(tried.failed()).isTrue();
    }

    @Test
    void notSafeIfThePathWasCutOff() throws Exception {
        Tried tried = answer(judged(false, Map.of(0, Map.of(Judged.SUCCEEDED, 1L)), point(0, Verdict.CLEAN)));
        assertThat(tried.answer()).isEqualTo(Answer.INCONCLUSIVE);
        assertThat(tried.message()).contains("the operation is longer than 7 instructions");
    }

    /** An element that is not there is deleted without a lock. */
    @Test
    void notSafeIfTheTaskFailed() throws Exception {
        Tried tried = answer(judged(point(0, Verdict.CLEAN))).afterFailedTask(2);
        assertThat(tried.answer()).isEqualTo(Answer.INCONCLUSIVE);
        assertThat(tried.message()).contains("it failed in the task, with error 2");

        assertThat(answer(judged(true, Map.of(), point(0, Verdict.CLEAN)))
                        .afterFailedTask(2)
                        .answer())
                .as("it fails in both")
                .isEqualTo(Answer.REFUSED);
    }

    @Test
    void whatIsDeadlyMustShowAgain() throws Exception {
        for (Verdict deadly : List.of(Verdict.DEADLOCK, Verdict.CRASH)) {
            Judged judged = judged(
                    point(0, Verdict.CLEAN),
                    point(1, deadly),
                    point(2, deadly),
                    point(3, Verdict.CLEAN),
                    point(4, deadly));
            List<SweepMap.Stretch> asked = new ArrayList<>();
            Tried shown = judged.answer((windows, verdict) -> {
                assertThat(verdict).isEqualTo(deadly);
                asked.addAll(windows);
                return List.of(finding(false), finding(true));
            });
            assertThat(asked).extracting(SweepMap.Stretch::measured).containsExactly(2, 1);
            assertThat(shown.answer()).isEqualTo(Answer.valueOf(deadly.name()));
            assertThat(shown.findings()).hasSize(2);
            assertThat(shown.message()).isEmpty();

            Tried notShown = judged.answer((windows, verdict) -> List.of(finding(false)));
            assertThat(notShown.answer()).isEqualTo(Answer.INCONCLUSIVE);
            assertThat(notShown.findings()).hasSize(1);
            assertThat(notShown.message())
                    .contains(deadly + " at some points, but the written reproducer did not show it");
        }
    }

    @Test
    void namesEachLockOnceAndNoAddress() throws Exception {
        Tried tried = answer(judged(
                point(0, Verdict.CLEAN, List.of("rcu_data.nocb_lock", "0xffff888004a5c018")),
                point(1, Verdict.CLEAN, List.of("krc.lock", "rcu_data.nocb_lock"))));
        assertThat(tried.locks()).containsExactly("krc.lock", "rcu_data.nocb_lock");
    }
}
