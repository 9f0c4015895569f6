// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What the kinds of evidence mean, alone and together. */
class FindingsTest {
    private static final Control PASSED = Control.effect("dropped", 1, 1);
    private static final Control FAILED = Control.effect("freed", 1, 0);
    private static final Details WAITS = new Details.Waits(List.of(), List.of());
    private static final List<CycleNode> RING = List.of(
            new CycleNode("task", OptionalInt.empty(), "mutex a", "mutex b"),
            new CycleNode("task", OptionalInt.empty(), "mutex b", "mutex a"));

    private static Evidence of(EvidenceKind kind) {
        return of(kind, Source.CONSOLE, List.of(), new Details.None());
    }

    private static Evidence of(EvidenceKind kind, Source source, List<CycleNode> cycle, Details details) {
        return new Evidence(
                kind, "title", "signature", List.of(), cycle, List.of(), source, OptionalDouble.empty(), details);
    }

    private static Verdict verdict(Evidence... found) {
        return new Findings(List.of(found), List.of(PASSED), true).verdict();
    }

    @Test
    void nothingFoundIsCleanOnlyWhereEveryControlPassedAndEveryCpuLives() {
        assertThat(verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(new Findings(List.of(), List.of(), true).verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(new Findings(List.of(), List.of(PASSED, FAILED), true).verdict())
                .isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(new Findings(List.of(), List.of(PASSED), false).verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    }

    @ParameterizedTest
    @EnumSource(
            names = {"LOCKDEP_CIRCULAR", "LOCKDEP_RECURSIVE", "LOCKDEP_INVERSION", "LOCKDEP_INCONSISTENT", "CPU_STUCK"})
    void deadlocks(EvidenceKind kind) {
        assertThat(verdict(of(kind))).isEqualTo(Verdict.DEADLOCK);
        assertThat(verdict(of(EvidenceKind.OOPS), of(kind))).isEqualTo(Verdict.DEADLOCK);
    }

    @ParameterizedTest
    @EnumSource(names = {"RCU_STALL", "SOFT_LOCKUP", "HARD_LOCKUP", "HUNG_TASK", "WORKQUEUE_LOCKUP"})
    void whatAStarvedHostCausesTooIsADeadlockOnlyWhereTheViewFromOutsideAgrees(EvidenceKind kind) {
        assertThat(verdict(of(kind))).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(verdict(of(kind), of(EvidenceKind.CPU_STUCK))).isEqualTo(Verdict.DEADLOCK);
        assertThat(verdict(of(kind), of(EvidenceKind.WARNING))).isEqualTo(Verdict.CRASH);
    }

    @Test
    void tasksThatHangAreADeadlockWhereTheirLocksFormARing() {
        assertThat(verdict(of(EvidenceKind.HUNG_TASK), of(EvidenceKind.HUNG_TASK, Source.OUTSIDE, RING, WAITS)))
                .isEqualTo(Verdict.DEADLOCK);
        assertThat(verdict(of(EvidenceKind.HUNG_TASK, Source.OUTSIDE, List.of(), WAITS)))
                .isEqualTo(Verdict.INCONCLUSIVE);
    }

    @Test
    void whatTheGuestSaysOfARingIsNotTheViewFromOutside() {
        assertThat(verdict(of(EvidenceKind.HUNG_TASK, Source.CONSOLE, RING, WAITS)))
                .isEqualTo(Verdict.INCONCLUSIVE);
        // Its log, read from memory, is what the guest wrote all the same.
        assertThat(verdict(of(EvidenceKind.HUNG_TASK, Source.OUTSIDE, RING, new Details.None())))
                .isEqualTo(Verdict.INCONCLUSIVE);
    }

    @ParameterizedTest
    @EnumSource(names = {"RQSPINLOCK", "LOCK_REFUSED"})
    void aRefusedLockIsRecoveredWhereTheKernelLives(EvidenceKind kind) {
        assertThat(verdict(of(kind))).isEqualTo(Verdict.RECOVERED);
        assertThat(new Findings(List.of(of(kind)), List.of(FAILED), false).verdict())
                .isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(verdict(of(kind), of(EvidenceKind.CPU_STUCK))).isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void aRefusedProgramIsRejectedWhateverElseWasSeen() {
        assertThat(verdict(of(EvidenceKind.VERIFIER), of(EvidenceKind.WARNING))).isEqualTo(Verdict.REJECTED);
    }

    @ParameterizedTest
    @EnumSource(
            mode = Mode.EXCLUDE,
            names = {
                "LOCKDEP_CIRCULAR",
                "LOCKDEP_RECURSIVE",
                "LOCKDEP_INVERSION",
                "LOCKDEP_INCONSISTENT",
                "CPU_STUCK",
                "RCU_STALL",
                "SOFT_LOCKUP",
                "HARD_LOCKUP",
                "HUNG_TASK",
                "WORKQUEUE_LOCKUP",
                "RQSPINLOCK",
                "LOCK_REFUSED",
                "VERIFIER"
            })
    void everyOtherSplatIsACrash(EvidenceKind kind) {
        assertThat(verdict(of(kind))).isEqualTo(Verdict.CRASH);
    }
}
