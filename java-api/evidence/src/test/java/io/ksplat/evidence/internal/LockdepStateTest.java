// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LockdepStateTest {
    private static Evidence evidence(EvidenceKind kind, Source source) {
        return Evidence.builder(kind, "a title", "a signature").source(source).build();
    }

    @ParameterizedTest
    @EnumSource(
            value = EvidenceKind.class,
            names = {"LOCKDEP_CIRCULAR", "LOCKDEP_RECURSIVE", "LOCKDEP_INVERSION", "LOCKDEP_INCONSISTENT"})
    void aReportNeedsALockdepThatItTurnedOff(EvidenceKind kind) {
        Evidence report = evidence(kind, Source.CONSOLE);
        assertThat(LockdepState.ABSENT.objection(report)).contains("the kernel has no lockdep");
        assertThat(LockdepState.ON.objection(report)).isPresent();
        assertThat(LockdepState.OFF.objection(report)).isEmpty();
        assertThat(LockdepState.UNKNOWN.objection(report)).isEmpty();
    }

    @Test
    void whatWasReadFromMemoryIsNotRefuted() {
        assertThat(LockdepState.ON.objection(evidence(EvidenceKind.LOCKDEP_RECURSIVE, Source.OUTSIDE)))
                .isEmpty();
    }

    /** A leaked lock of a work item is reported with lockdep on (process_one_work, kernel/workqueue.c); so is wrong use of RCU. */
    @ParameterizedTest
    @EnumSource(
            value = EvidenceKind.class,
            names = {"LOCKDEP_HELD", "RCU_USAGE", "HUNG_TASK", "MEMORY_SAFETY", "WARNING"})
    void otherReportsLeaveLockdepOn(EvidenceKind kind) {
        assertThat(LockdepState.ABSENT.objection(evidence(kind, Source.CONSOLE)))
                .isEmpty();
        assertThat(LockdepState.ON.objection(evidence(kind, Source.CONSOLE))).isEmpty();
    }
}
