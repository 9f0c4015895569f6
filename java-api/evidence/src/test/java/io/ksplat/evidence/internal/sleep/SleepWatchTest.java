// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Task;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Blocked is who sleeps uninterruptibly in every look and never ran between them, and nobody else. */
class SleepWatchTest {
    private static final long UNINTERRUPTIBLE = 2;
    private static final long KERNEL_THREAD = 0x00200000;

    private static SeenTask task(long id, long state, long switches) {
        return new SeenTask(id, new Task("t", (int) id), state, 0, false, switches, OptionalLong.empty());
    }

    private static SeenTask thread(long id, long flags, Duration slept) {
        return new SeenTask(
                id, new Task("t", (int) id), UNINTERRUPTIBLE, flags, false, 1, OptionalLong.of(slept.toNanos()));
    }

    private static SleepWatch watch() {
        return new SleepWatch(OptionalLong.empty());
    }

    @ParameterizedTest
    @CsvSource({
        "0x0002, true, TASK_UNINTERRUPTIBLE",
        "0x0102, true, TASK_KILLABLE",
        "0x2002, true, TASK_UNINTERRUPTIBLE | TASK_FREEZABLE",
        "0x1000, true, TASK_RTLOCK_WAIT",
        "0x0000, false, TASK_RUNNING",
        "0x0001, false, TASK_INTERRUPTIBLE",
        "0x0402, false, TASK_IDLE",
        "0x0040, false, TASK_PARKED",
        "0x0104, false, TASK_STOPPED",
        "0x0008, false, TASK_TRACED",
        "0x8000, false, TASK_FROZEN",
        "0x0080, false, TASK_DEAD",
    })
    void whoCannotBeWokenByASignalMayBeBlocked(String state, boolean blocked, String name) {
        SleepWatch watch = watch();
        List<SeenTask> tasks = List.of(task(1, Long.decode(state), 5));
        watch.observe(tasks, 0);
        watch.observe(tasks, 10);
        assertThat(watch.blocked()).as(name).hasSize(blocked ? 1 : 0);
    }

    @Test
    void whoRunsIsNotBlockedThoughItsStateSaysThatItIsAboutToSleep() {
        SleepWatch watch = watch();
        watch.observe(List.of(new SeenTask(1, new Task("t", 1), UNINTERRUPTIBLE, 0, true, 5, OptionalLong.empty())), 0);
        assertThat(watch.blocked()).isEmpty();
    }

    @Test
    void whoHasRunBetweenTwoLooksIsNotBlocked() {
        SleepWatch watch = watch();
        watch.observe(List.of(task(1, UNINTERRUPTIBLE, 5), task(2, UNINTERRUPTIBLE, 5)), 0);
        watch.observe(List.of(task(1, UNINTERRUPTIBLE, 6), task(2, UNINTERRUPTIBLE, 5)), 10);
        assertThat(watch.blocked()).containsExactly(2L);
        watch.observe(List.of(task(1, UNINTERRUPTIBLE, 6), task(2, UNINTERRUPTIBLE, 5)), 10);
        assertThat(watch.blocked()).containsExactly(2L);
        watch.observe(List.of(task(1, UNINTERRUPTIBLE, 6), task(2, 0, 5)), 10);
        assertThat(watch.blocked()).isEmpty();
    }

    @Test
    void whoHasExitedOrCameLaterIsNotBlocked() {
        SleepWatch watch = watch();
        watch.observe(List.of(task(1, UNINTERRUPTIBLE, 5)), 0);
        watch.observe(List.of(task(2, UNINTERRUPTIBLE, 5)), 10);
        assertThat(watch.blocked()).isEmpty();
    }

    @Test
    void whoSleepsInterruptiblyDoesNotMoveEither() {
        SleepWatch watch = watch();
        watch.observe(List.of(task(1, 1, 5), task(2, 0, 5)), 0);
        watch.observe(List.of(task(1, 1, 5), task(2, 0, 5)), 10);
        assertThat(watch.still()).containsExactly(1L);
        assertThat(watch.blocked()).isEmpty();
    }

    @Test
    void theTimeIsTheGuestsAndAJumpCountsLittle() {
        SleepWatch watch = watch();
        watch.observe(List.of(), 0);
        watch.observe(List.of(), 10_000);
        assertThat(watch.hasLasted(SleepWatch.PATIENCE)).isFalse();
        for (int i = 0; i < 7; i++) {
            watch.observe(List.of(), 25);
        }
        assertThat(watch.watched()).isEqualTo(Duration.ofSeconds(2));
        assertThat(watch.hasLasted(SleepWatch.PATIENCE)).isTrue();
        assertThat(watch.hasLasted(SleepWatch.GRACE_PERIOD)).isFalse();
    }

    @Test
    void aKernelThreadThatSleptBeforeTheExperimentIsNotTheExperiments() {
        SleepWatch watch = new SleepWatch(OptionalLong.of(Duration.ofSeconds(5).toNanos()));
        watch.observe(
                List.of(
                        thread(1, KERNEL_THREAD, Duration.ofSeconds(6)),
                        thread(2, KERNEL_THREAD, Duration.ofSeconds(5)),
                        thread(3, 0, Duration.ofSeconds(6))),
                0);
        assertThat(watch.blocked()).containsExactlyInAnyOrder(2L, 3L);
    }
}
