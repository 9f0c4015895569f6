// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.campaign.internal.sweep.SweepMap;
import io.ksplat.campaign.internal.sweep.SweepPoint;
import io.ksplat.evidence.Verdict;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JudgedTest {
    private static final Operation OPERATION =
            Operations.named(List.of("map-update/array")).get(0);

    private static Tried judged(String... console) throws Exception {
        SweepPoint point = new SweepPoint(
                0, 4096, "f", 1, Verdict.CLEAN, List.of(), Optional.empty(), List.of(console), Optional.empty());
        SweepMap map = new SweepMap(
                "map-update/array",
                "debian:7.2",
                "7.2.13",
                "walk",
                0,
                "an-anchor",
                List.of(point),
                List.of(),
                List.of(4096L),
                1.5);
        return new Judged(OPERATION, 1, true, map, Map.of(0, Map.of(Judged.SUCCEEDED, 1L)))
                .answer((windows, deadly) -> List.of());
    }

    @Test
    void safeIfEachPointIsCleanAndTheOperationSucceeded() throws Exception {
        assertThat(judged().answer()).isEqualTo(Answer.SAFE);
    }

    @Test
    void notSafeIfTheKernelReportedSomethingAtAPoint() throws Exception {
        Tried tried = judged("BUG: KASAN: slab-use-after-free in f");
        assertThat(tried.answer()).isEqualTo(Answer.INCONCLUSIVE);
        assertThat(tried.message()).contains("f+0x1: BUG: KASAN: slab-use-after-free in f");
    }
}
