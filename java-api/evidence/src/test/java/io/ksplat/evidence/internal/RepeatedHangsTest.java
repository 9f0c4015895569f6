// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Task;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class RepeatedHangsTest {
    private static Evidence report(EvidenceKind kind, int pid, double seconds) {
        return Evidence.builder(kind, kind.id(), kind.id() + ": in sys_bpf")
                .task(new Task("init", pid))
                .seconds(OptionalDouble.of(seconds))
                .build();
    }

    @Test
    void aSoftLockupThatLastsIsOneEvidence() {
        List<Evidence> together = RepeatedHangs.together(List.of(
                report(EvidenceKind.SOFT_LOCKUP, 143, 23),
                report(EvidenceKind.SOFT_LOCKUP, 143, 49),
                report(EvidenceKind.SOFT_LOCKUP, 143, 75)));

        assertThat(together).hasSize(1);
        assertThat(together.get(0).count()).isEqualTo(3);
        assertThat(together.get(0).seconds()).hasValue(75);
    }

    @Test
    void otherTasksAndOtherReportsStayApart() {
        List<Evidence> reports = List.of(
                report(EvidenceKind.SOFT_LOCKUP, 143, 23),
                report(EvidenceKind.SOFT_LOCKUP, 144, 23),
                report(EvidenceKind.HUNG_TASK, 143, 23),
                report(EvidenceKind.WARNING, 143, 23),
                report(EvidenceKind.WARNING, 143, 23));

        assertThat(RepeatedHangs.together(reports)).isEqualTo(reports);
    }
}
