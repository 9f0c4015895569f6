// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Findings.Visibility;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.StringJoiner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Checks the verdict of each kind of evidence, alone and combined. */
class FindingsTest {
    private static final Control PASSED = Control.effect("dropped", 1, 1);
    private static final Control FAILED = Control.effect("freed", 1, 0);
    private static final LockRef LOCK = new LockRef("&a->lock", Optional.empty(), Optional.empty());
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
        // The guest wrote its log, even if it was read from memory.
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
                "VERIFIER",
                "CPU_BUSY",
                "TASK_BLOCKED",
                "MACHINE_LOST"
            })
    void everyOtherSplatIsACrash(EvidenceKind kind) {
        assertThat(verdict(of(kind))).isEqualTo(Verdict.CRASH);
    }

    /** The verdict of one piece of evidence that names a lock or none, with and without the view from outside. */
    private static final String ALONE = """
            #                     | a lock, outside | a lock, console | none, outside | none, console
            lockdep-circular      | DEADLOCK        | DEADLOCK        | DEADLOCK      | INCONCLUSIVE
            lockdep-recursive     | DEADLOCK        | DEADLOCK        | DEADLOCK      | INCONCLUSIVE
            lockdep-inversion     | DEADLOCK        | DEADLOCK        | DEADLOCK      | INCONCLUSIVE
            lockdep-inconsistent  | DEADLOCK        | DEADLOCK        | DEADLOCK      | INCONCLUSIVE
            lockdep-wait-context  | CRASH           | CRASH           | CRASH         | CRASH
            lockdep-held          | CRASH           | CRASH           | CRASH         | CRASH
            rcu-usage             | CRASH           | CRASH           | CRASH         | CRASH
            rcu-stall             | INCONCLUSIVE    | INCONCLUSIVE    | INCONCLUSIVE  | INCONCLUSIVE
            soft-lockup           | INCONCLUSIVE    | INCONCLUSIVE    | INCONCLUSIVE  | INCONCLUSIVE
            hard-lockup           | INCONCLUSIVE    | INCONCLUSIVE    | INCONCLUSIVE  | INCONCLUSIVE
            hung-task             | INCONCLUSIVE    | INCONCLUSIVE    | INCONCLUSIVE  | INCONCLUSIVE
            workqueue-lockup      | INCONCLUSIVE    | INCONCLUSIVE    | INCONCLUSIVE  | INCONCLUSIVE
            spinlock-bug          | CRASH           | CRASH           | CRASH         | CRASH
            atomic-sleep          | CRASH           | CRASH           | CRASH         | CRASH
            cpu-stuck             | DEADLOCK        | DEADLOCK        | DEADLOCK      | DEADLOCK
            cpu-busy              | INCONCLUSIVE    | INCONCLUSIVE    | INCONCLUSIVE  | INCONCLUSIVE
            task-blocked          | INCONCLUSIVE    | INCONCLUSIVE    | INCONCLUSIVE  | INCONCLUSIVE
            machine-lost          | INCONCLUSIVE    | INCONCLUSIVE    | INCONCLUSIVE  | INCONCLUSIVE
            rqspinlock            | RECOVERED       | RECOVERED       | RECOVERED     | RECOVERED
            lock-refused          | RECOVERED       | RECOVERED       | RECOVERED     | RECOVERED
            csd-lock              | CRASH           | CRASH           | CRASH         | CRASH
            memory-safety         | CRASH           | CRASH           | CRASH         | CRASH
            oops                  | CRASH           | CRASH           | CRASH         | CRASH
            warning               | CRASH           | CRASH           | CRASH         | CRASH
            panic                 | CRASH           | CRASH           | CRASH         | CRASH
            verifier              | REJECTED        | REJECTED        | REJECTED      | REJECTED
            other                 | CRASH           | CRASH           | CRASH         | CRASH
            """;

    @Test
    void everyKindHasItsVerdictUnderEveryVisibility() {
        List<String> found = new ArrayList<>();
        for (EvidenceKind kind : EvidenceKind.values()) {
            StringJoiner row = new StringJoiner(" | ").add(kind.id());
            for (List<LockRef> locks : List.of(List.of(LOCK), List.<LockRef>of())) {
                for (Visibility visibility : Visibility.values()) {
                    row.add(alone(
                                    Evidence.builder(kind, "title", "signature")
                                            .locks(locks)
                                            .build(),
                                    visibility)
                            .verdict()
                            .name());
                }
            }
            found.add(row.toString());
        }
        assertThat(found)
                .isEqualTo(ALONE.lines()
                        .skip(1)
                        .map(row -> row.replaceAll(" +", " ").strip())
                        .toList());
    }

    private static Findings alone(Evidence evidence, Visibility visibility) {
        return new Findings(List.of(evidence), List.of(PASSED), true, visibility);
    }

    @ParameterizedTest
    @EnumSource
    void aRingOfBlockedTasksSeenFromOutsideIsADeadlock(Visibility visibility) {
        Evidence ring = of(EvidenceKind.TASK_BLOCKED, Source.OUTSIDE, RING, WAITS);
        assertThat(alone(ring, visibility).verdict()).isEqualTo(Verdict.DEADLOCK);
        assertThat(verdict(of(EvidenceKind.TASK_BLOCKED, Source.CONSOLE, RING, WAITS)))
                .isEqualTo(Verdict.INCONCLUSIVE);
    }

    private static Details.Waits heldBy(String context, boolean inferred) {
        Details.Owner owner = new Details.Owner(context, OptionalInt.empty(), Optional.empty(), "", inferred);
        LockRef lock = new LockRef("m", Optional.empty(), Optional.empty());
        return new Details.Waits(
                List.of(new Details.Wait(
                        OptionalInt.empty(),
                        Optional.empty(),
                        "task",
                        lock,
                        0,
                        OptionalInt.empty(),
                        Optional.of(owner))),
                List.of());
    }

    @Test
    void aLockWhoseOwnerHasExitedIsADeadlock() {
        Details exited = heldBy(Details.Owner.EXITED, false);
        assertThat(verdict(of(EvidenceKind.TASK_BLOCKED, Source.OUTSIDE, List.of(), exited)))
                .isEqualTo(Verdict.DEADLOCK);
        assertThat(verdict(of(EvidenceKind.TASK_BLOCKED, Source.OUTSIDE, List.of(), heldBy("task", false))))
                .isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(verdict(
                        of(EvidenceKind.TASK_BLOCKED, Source.OUTSIDE, List.of(), heldBy(Details.Owner.EXITED, true))))
                .isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(verdict(of(EvidenceKind.TASK_BLOCKED, Source.CONSOLE, List.of(), exited)))
                .isEqualTo(Verdict.INCONCLUSIVE);
    }

    @ParameterizedTest
    @EnumSource(names = {"CPU_BUSY", "TASK_BLOCKED", "MACHINE_LOST"})
    void uncertainEvidenceIsNeverCleanAndHidesNothing(EvidenceKind kind) {
        assertThat(verdict(of(kind))).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(verdict(of(kind), of(EvidenceKind.LOCK_REFUSED))).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(verdict(of(kind), of(EvidenceKind.OOPS))).isEqualTo(Verdict.CRASH);
        assertThat(verdict(of(kind), of(EvidenceKind.CPU_STUCK))).isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void aCrashOnTheConsoleIsNotHiddenByADeadlockThatNamesNoLock() {
        Findings torn = new Findings(
                List.of(of(EvidenceKind.LOCKDEP_CIRCULAR), of(EvidenceKind.OOPS)),
                List.of(PASSED),
                true,
                Visibility.CONSOLE_ONLY);
        assertThat(torn.verdict()).isEqualTo(Verdict.CRASH);
        assertThat(torn.decisive()).extracting(Evidence::kind).containsExactly(EvidenceKind.OOPS);
    }

    private static boolean isFinal(boolean alive, Evidence... found) {
        return new Findings(List.of(found), List.of(PASSED), alive).isFinal();
    }

    @Test
    void nothingFoundIsFinalOnlyIfItIsClean() {
        assertThat(isFinal(true)).isTrue();
        assertThat(isFinal(false)).isFalse();
        assertThat(new Findings(List.of(), List.of(), true).isFinal()).isFalse();
        assertThat(new Findings(List.of(), List.of(PASSED, FAILED), true).isFinal())
                .isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void whatIsFoundIsFinalByItsMeaning(EvidenceKind kind) {
        boolean dead = isFinal(false, of(kind));
        boolean alive = isFinal(true, of(kind));
        switch (kind.meaning()) {
            case DEADLOCK, CRASH, REJECTION -> assertThat(List.of(dead, alive)).containsExactly(true, true);
            case REFUSAL -> assertThat(List.of(dead, alive)).containsExactly(false, true);
            case STALL, INCONCLUSIVE -> assertThat(List.of(dead, alive)).containsExactly(false, false);
        }
    }

    @Test
    void uncertainEvidenceIsWaitedForUnlessSomethingElseDecides() {
        assertThat(isFinal(true, of(EvidenceKind.RCU_STALL), of(EvidenceKind.LOCK_REFUSED)))
                .as("the outside view may still confirm a deadlock")
                .isFalse();
        assertThat(isFinal(false, of(EvidenceKind.RCU_STALL), of(EvidenceKind.OOPS)))
                .isTrue();
        assertThat(isFinal(false, of(EvidenceKind.HUNG_TASK), of(EvidenceKind.HUNG_TASK, Source.OUTSIDE, RING, WAITS)))
                .isTrue();
    }

    @Test
    void onlyADeadlockIsADeadlock() {
        for (EvidenceKind kind : EvidenceKind.values()) {
            assertThat(new Findings(List.of(of(kind)), List.of(), false).isDeadlock())
                    .as(kind.id())
                    .isEqualTo(kind.meaning() == EvidenceKind.Meaning.DEADLOCK);
        }
    }

    @Test
    void theDecisiveEvidenceIsWhatAloneGivesTheVerdict() {
        Evidence warning = of(EvidenceKind.WARNING);
        Evidence stall = of(EvidenceKind.RCU_STALL);
        Evidence stuck = of(EvidenceKind.CPU_STUCK);
        Evidence lockdep = of(EvidenceKind.LOCKDEP_CIRCULAR);
        Findings findings = new Findings(List.of(warning, stall, stuck, lockdep), List.of(FAILED), false);
        assertThat(findings.decisive()).containsExactly(stuck, lockdep);
        assertThat(findings.decisive(Verdict.CRASH)).containsExactly(warning);
        assertThat(new Findings(List.of(stall), List.of(PASSED), true).decisive())
                .containsExactly(stall);
        assertThat(new Findings(List.of(), List.of(PASSED), true).decisive()).isEmpty();
    }
}
