// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SuspicionTest {
    private static final long MS = 1_000_000;
    private static final Awaited LOCK = new Awaited(Awaited.How.LOCK, 0x1000, 0);
    private static final Awaited MEMORY = new Awaited(Awaited.How.MEMORY, 0x2000, 7);

    private final Suspicion suspicion = new Suspicion();

    /** CPU 0 is stuck; CPU 1 has shown some signs of life, and has run since the last one. */
    private static Diagnosis diagnosis(long silentMs, long othersSigns, long othersMs) {
        return diagnosis(silentMs, othersSigns, othersMs, 0);
    }

    private static Diagnosis diagnosis(long silentMs, long othersSigns, long othersMs, long elsewhere) {
        return new Diagnosis(
                List.of(new Diagnosis.Stuck(0, 0, silentMs * MS, true, Set.of("spin"))),
                List.of(),
                false,
                List.of(
                        new Diagnosis.Life(0, 3, silentMs * MS, elsewhere),
                        new Diagnosis.Life(1, othersSigns, othersMs * MS, 0)));
    }

    private boolean isProven(Diagnosis diagnosis, Awaited awaited) {
        return suspicion.isProven(diagnosis, Map.of(0, awaited), List.of());
    }

    @Test
    void aLockThatIsAwaitedStillWhileEveryOtherCpuLivesIsADeadlock() {
        assertThat(suspicion.isDue(diagnosis(150, 5, 0))).isTrue();
        suspicion.looked(diagnosis(150, 5, 0), Map.of(0, LOCK));
        assertThat(suspicion.isDue(diagnosis(175, 6, 0))).isTrue();
        assertThat(isProven(diagnosis(175, 6, 0), LOCK)).isTrue();
    }

    /** Another CPU may take the lock again after a sign of life, and be kept off its own CPU by the host. */
    @Test
    void aCpuThatWasElsewhereMeanwhileMayHaveHadTheLock() {
        suspicion.looked(diagnosis(700, 5, 0, 2), Map.of(0, LOCK));
        assertThat(isProven(diagnosis(800, 6, 0, 3), LOCK)).isFalse();
        assertThat(isProven(diagnosis(800, 6, 0, 2), LOCK)).isTrue();
    }

    @Test
    void oneLookProvesNothing() {
        assertThat(isProven(diagnosis(5000, 50, 0), LOCK)).isFalse();
    }

    @Test
    void aCpuThatExecutesCodeIsNoDeadlock() {
        suspicion.looked(diagnosis(700, 5, 0), Map.of());
        assertThat(suspicion.isProven(diagnosis(5000, 50, 0), Map.of(), List.of()))
                .isFalse();
    }

    @Test
    void aLockWhoseOwnerMayRunOnAnotherCpuIsNoDeadlock() {
        suspicion.looked(diagnosis(700, 5, 650), Map.of(0, LOCK));
        assertThat(isProven(diagnosis(5000, 5, 4950), LOCK)).isFalse();
    }

    @Test
    void aKnownCycleIsADeadlockWhateverElseRuns() {
        suspicion.looked(diagnosis(700, 5, 650), Map.of(0, LOCK));
        assertThat(suspicion.isProven(diagnosis(900, 5, 850), Map.of(0, LOCK), List.of(0)))
                .isTrue();
    }

    @Test
    void cpusThatAllWaitAreADeadlock() {
        Map<Integer, Awaited> both = Map.of(0, LOCK, 1, new Awaited(Awaited.How.LOCK, 0x3000, 0));
        suspicion.looked(diagnosis(700, 5, 700), both);
        assertThat(suspicion.isProven(diagnosis(750, 5, 750), both, List.of())).isTrue();
    }

    @Test
    void anotherLockOrAnotherOwnerIsProgress() {
        suspicion.looked(diagnosis(700, 5, 0), Map.of(0, LOCK));
        assertThat(isProven(diagnosis(800, 50, 0), new Awaited(Awaited.How.LOCK, 0x1008, 0)))
                .isFalse();
        assertThat(isProven(diagnosis(800, 50, 0), new Awaited(Awaited.How.LOCK, 0x1000, 1)))
                .isFalse();
    }

    @Test
    void aVcpuThatDidNotRunBetweenTheLooksProvesNothing() {
        suspicion.looked(diagnosis(700, 5, 0), Map.of(0, LOCK));
        assertThat(isProven(diagnosis(701, 50, 0), LOCK)).isFalse();
    }

    @Test
    void unknownMemoryIsPolledForLongerBeforeItIsADeadlock() {
        suspicion.looked(diagnosis(700, 5, 0), Map.of(0, MEMORY));
        assertThat(isProven(diagnosis(2900, 50, 0), MEMORY)).isFalse();
        assertThat(isProven(diagnosis(3000, 50, 0), MEMORY)).isTrue();
    }

    @Test
    void aMachineOnWhichNothingIsStuckIsNotLookedAt() {
        assertThat(suspicion.isDue(new Diagnosis(List.of(), List.of(), false))).isFalse();
    }

    /** How often CPU 0 has shown a sign of life, which is said to be stuck all the same. */
    private static Diagnosis gone(long silentMs, long signs) {
        return new Diagnosis(
                List.of(new Diagnosis.Stuck(0, 0, silentMs * MS, true, Set.of("spin"))),
                List.of(),
                false,
                List.of(new Diagnosis.Life(0, signs, silentMs * MS, 0), new Diagnosis.Life(1, 5, 0, 0)));
    }

    @Test
    void aStuckCpuThatHasGoneOnIsLookedAtAfresh() {
        suspicion.looked(gone(700, 3), Map.of(0, LOCK));
        assertThat(suspicion.hasCandidate()).isTrue();
        assertThat(suspicion.isDue(gone(150, 4))).isTrue();
        assertThat(suspicion.hasCandidate()).as("what the look before had seen").isFalse();
    }

    @Test
    void anotherCpuThatLivesOnIsNoReasonToLookAfresh() {
        suspicion.looked(diagnosis(700, 5, 0), Map.of(0, LOCK));
        assertThat(suspicion.isDue(diagnosis(701, 6, 0))).isFalse();
        assertThat(suspicion.hasCandidate()).isTrue();
    }

    @Test
    void aLookThatSawNothingLeavesNothingToConfirm() {
        assertThat(suspicion.hasCandidate()).isFalse();
        suspicion.looked(diagnosis(700, 5, 0), Map.of());
        assertThat(suspicion.hasCandidate()).isFalse();
        assertThat(suspicion.isDue(diagnosis(1399, 5, 699))).isFalse();
        assertThat(suspicion.isDue(diagnosis(1400, 5, 700))).isTrue();
    }

    /** CPU 1 neither waits nor lives, so that the lives alone prove nothing. */
    @Test
    void theFirstCandidateIsConfirmedSoonAndLaterOnesAfterTwiceTheTime() {
        suspicion.looked(diagnosis(700, 5, 650), Map.of(0, LOCK));
        assertThat(suspicion.isDue(diagnosis(799, 5, 749))).isFalse();
        assertThat(suspicion.isDue(diagnosis(800, 5, 750))).isTrue();
        suspicion.looked(diagnosis(800, 5, 750), Map.of(0, LOCK));
        assertThat(suspicion.isDue(diagnosis(1599, 5, 1549))).isFalse();
        assertThat(suspicion.isDue(diagnosis(1600, 5, 1550))).isTrue();
    }

    @Test
    void theLooksAreAHeartbeatApart() {
        suspicion.looked(diagnosis(700, 5, 0), Map.of(0, LOCK));
        assertThat(isProven(diagnosis(719, 6, 0), LOCK)).isFalse();
        assertThat(isProven(diagnosis(720, 6, 0), LOCK)).isTrue();
    }

    /** As in smp_call_function(): whoever waits for an answer holds no lock that anybody else needs for it. */
    @Test
    void aCpuThatWaitsForAnotherOnesAnswerProvesNothingUnlessAllDo() {
        Awaited answer = new Awaited(Awaited.How.CPU, 0x4000, 1);
        suspicion.looked(diagnosis(700, 5, 0), Map.of(0, answer));
        assertThat(isProven(diagnosis(800, 6, 0), answer)).isFalse();
        Map<Integer, Awaited> both = Map.of(0, answer, 1, answer);
        suspicion.looked(diagnosis(800, 6, 0), both);
        assertThat(suspicion.isProven(diagnosis(1700, 6, 900), both, List.of())).isTrue();
    }

    @Test
    void looksBecomeRarer() {
        long looks = 0;
        for (long ms = 700; ms < 20_000; ms += 10) {
            if (suspicion.isDue(diagnosis(ms, 5, 0))) {
                suspicion.looked(diagnosis(ms, 5, 0), Map.of());
                looks++;
            }
        }
        assertThat(looks).isEqualTo(5);
    }
}
