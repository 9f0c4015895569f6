// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class EvidenceTextTest {
    @Test
    void showsTitleCycleAndStacks() {
        assertThat(EvidenceText.of(Runs.deadlock("possible deadlock in call_rcu")))
                .isEqualTo("""
                lockdep-circular: possible deadlock in call_rcu
                  Lockdep predicts: CPU 0: a task holds &rdp->nocb_lock and wants &p->pi_lock.
                  A nmi holds &p->pi_lock and wants &rdp->nocb_lock.
                  CPU 1, nmi:
                    native_queued_spin_lock_slowpath+0x1b
                    ? call_rcu at kernel/rcu/tree.c:3150 (inlined)
                """);
    }

    @Test
    void namesTasksThatSleep() {
        Details.Owner owner = new Details.Owner(
                "task", OptionalInt.empty(), Optional.of(new Task("holder", 7)), "the lock names its owner", false);
        Details.Wait wait = new Details.Wait(
                OptionalInt.empty(),
                Optional.of(new Task("waiter", 8)),
                "task",
                new LockRef("&f->f_pos_lock", Optional.of("ffff888004a514d0"), Optional.empty()),
                0xffff888005458001L,
                OptionalInt.empty(),
                Optional.of(owner));
        Evidence found = new Evidence(
                EvidenceKind.HUNG_TASK,
                "waiter/8 sleeps",
                "hung-task",
                List.of(),
                List.of(),
                List.of(),
                Source.OUTSIDE,
                OptionalDouble.empty(),
                new Details.Waits(List.of(wait), List.of()));
        assertThat(EvidenceText.of(found)).isEqualTo("""
                hung-task: waiter/8 sleeps
                  &f->f_pos_lock at ffff888004a514d0 = 0xffff888005458001, wanted by task (waiter/8): held by task (holder/7): the lock names its owner
                """);
    }

    @Test
    void tellsTheTasksOfARingApart() {
        Optional<Task> reader = Optional.of(new Task("reader", 7));
        Optional<Task> writer = Optional.of(new Task("writer", 8));
        Evidence found = Evidence.builder(EvidenceKind.TASK_BLOCKED, "two wait for each other", "task-blocked")
                .cycle(List.of(
                        new CycleNode("task", OptionalInt.empty(), "a", "b").with(reader),
                        new CycleNode("task", OptionalInt.empty(), "b", "a").with(writer)))
                .stacks(List.of(new Stack(OptionalInt.empty(), "task", List.of()).with(writer)))
                .build();
        assertThat(EvidenceText.of(found)).isEqualTo("""
                task-blocked: two wait for each other
                  Task reader/7 holds a and wants b.
                  Task writer/8 holds b and wants a.
                  task (writer/8):
                """);
    }

    @Test
    void saysHowManyFramesItLeavesOut() {
        Stack stack = Runs.deadlock("x").stacks().get(0);
        assertThat(EvidenceText.of(stack, 1)).isEqualTo("""
                  CPU 1, nmi:
                    native_queued_spin_lock_slowpath+0x1b
                    ... 1 more
                """);
        assertThat(EvidenceText.of(stack, 2)).doesNotContain("more");
    }
}
