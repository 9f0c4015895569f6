// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceBuilder;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Task;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class IncidentsTest {
    private static EvidenceBuilder report(EvidenceKind kind, String signature, double seconds) {
        return Evidence.builder(kind, signature, signature).guestSeconds(OptionalDouble.of(seconds));
    }

    @Test
    void oneStuckCpuIsOneReportWhereverItIs() {
        List<Evidence> together = Incidents.together(List.of(
                report(EvidenceKind.SOFT_LOCKUP, "in a", 30)
                        .cpu(1)
                        .task(new Task("spin", 88))
                        .build(),
                report(EvidenceKind.SOFT_LOCKUP, "in b", 60)
                        .cpu(1)
                        .task(new Task("spin", 88))
                        .build(),
                report(EvidenceKind.SOFT_LOCKUP, "in b", 60)
                        .cpu(2)
                        .task(new Task("spin", 89))
                        .build()));

        assertThat(together).extracting(Evidence::count).containsExactly(2, 1);
    }

    @Test
    void aGraveReportIsNeverHiddenUnderALightOne() {
        Evidence warning = report(EvidenceKind.WARNING, "same", 10).build();
        Evidence deadlock = report(EvidenceKind.LOCKDEP_RECURSIVE, "same", 11).build();
        Evidence hard = report(EvidenceKind.HARD_LOCKUP, "same", 12).cpu(1).build();

        List<Evidence> together = Incidents.together(List.of(warning, deadlock, hard));

        assertThat(together).hasSize(3).allMatch(found -> found.role().isEmpty());
        assertThat(Incidents.gravestFirst(together))
                .extracting(Evidence::kind)
                .containsExactly(EvidenceKind.LOCKDEP_RECURSIVE, EvidenceKind.HARD_LOCKUP, EvidenceKind.WARNING);
    }

    @Test
    void aStallBehindALostCpuIsItsVictim() {
        Evidence early = report(EvidenceKind.HUNG_TASK, "before", 5)
                .task(new Task("old", 7))
                .build();
        Evidence hard = report(EvidenceKind.HARD_LOCKUP, "lost", 12).cpu(1).build();
        Evidence stall = report(EvidenceKind.RCU_STALL, "stall", 30).cpu(1).build();
        Evidence late = report(EvidenceKind.HUNG_TASK, "late", 3000)
                .task(new Task("new", 9))
                .build();

        List<Evidence> together = Incidents.together(List.of(early, hard, stall, late));

        assertThat(together.get(0).role()).isEmpty();
        assertThat(together.get(1).role()).contains(Evidence.Role.CAUSE);
        assertThat(together.get(2).role()).contains(Evidence.Role.VICTIM);
        assertThat(together.get(2).incident()).isEqualTo(together.get(1).incident());
        assertThat(together.get(3).role()).isEmpty();
    }
}
