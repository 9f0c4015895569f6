// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class EvidenceBuilderTest {
    private static final Task INIT = new Task("init", 114);
    private static final Task WORKER = new Task("kworker/0:1", 9);
    private static final LockRef LOCK =
            new LockRef("rcu_data.nocb_lock", Optional.of("ffff88800f600000"), Optional.empty());
    private static final LockRef OTHER =
            new LockRef("rcu_data.nocb_lock", Optional.of("ffff88800f700000"), Optional.empty());

    private static Evidence waits(
            List<LockRef> locks, List<CycleNode> cycle, List<Stack> stacks, Details.Wait... waits) {
        return new Evidence(
                EvidenceKind.CPU_STUCK,
                "CPU 1 stuck",
                "cpu-stuck:nmi",
                locks,
                cycle,
                stacks,
                Source.OUTSIDE,
                OptionalDouble.empty(),
                new Details.Waits(List.of(waits), List.of()));
    }

    private static Details.Wait spins(int cpu, Task task, LockRef lock, Details.Owner owner) {
        return new Details.Wait(
                OptionalInt.of(cpu), Optional.of(task), "NMI", lock, 0x101, OptionalInt.empty(), Optional.of(owner));
    }

    private static Details.Owner owner(boolean inferred) {
        return new Details.Owner("task", OptionalInt.of(1), Optional.of(INIT), "the lock names its owner", inferred);
    }

    @Test
    void whatNobodyKnowsIsEmpty() {
        Evidence bare =
                Evidence.builder(EvidenceKind.OTHER, "title", "signature").build();
        assertThat(bare)
                .isEqualTo(new Evidence(
                        EvidenceKind.OTHER,
                        "title",
                        "signature",
                        List.of(),
                        List.of(),
                        List.of(),
                        Source.OUTSIDE,
                        OptionalDouble.empty()));
        assertThat(bare.function()).isEmpty();
        assertThat(bare.type()).isEqualTo("UNKNOWN");
        assertThat(bare.cpu()).isEmpty();
        assertThat(bare.task()).isEmpty();
        assertThat(bare.line()).isEmpty();
        assertThat(bare.count()).isEqualTo(1);
        assertThat(bare.role()).isEmpty();
        assertThat(bare.details()).isEqualTo(new Details.None());
    }

    @Test
    void everyFieldThatIsGivenIsKept() {
        Evidence all = Evidence.builder(EvidenceKind.RCU_STALL, "title", "signature")
                .function("poll_idle")
                .type("HANG")
                .cpu(3)
                .task(INIT)
                .seconds(OptionalDouble.of(21))
                .line(OptionalLong.of(7))
                .count(4)
                .incident("1", Evidence.Role.VICTIM)
                .locks(List.of(LOCK))
                .cycle(List.of(new CycleNode("task", OptionalInt.of(3), "a", "b")))
                .stacks(List.of(new Stack(OptionalInt.of(3), "task", List.of(Frame.of("poll_idle", 1)))))
                .source(Source.CONSOLE)
                .guestSeconds(OptionalDouble.of(100))
                .wallTime("Fri Nov 21 07:01:58 2025")
                .preemptCount(OptionalInt.of(2))
                .inFlight(List.of("flush_to_ldisc"))
                .blocked(List.of(WORKER))
                .details(new Details.Panic("cause"))
                .build();
        assertThat(all).hasNoNullFieldsOrProperties();
        assertThat(all.toBuilder().build()).isEqualTo(all);
        assertThat(FactsText.of(all))
                .isEqualTo("rcu-stall, line 7, CPU 3, init/114, 21.0 s, 4 times, incident 1, victim, "
                        + "at Fri Nov 21 07:01:58 2025, preempt_count 2, in flight [flush_to_ldisc], "
                        + "blocked [Task[comm=kworker/0:1, pid=9]]\n    stack task, CPU 3\n");
    }

    @Test
    void anotherSourceHasNoLineInTheTextThatWasParsed() {
        Evidence found = Logs.only("BUG: soft lockup - CPU#1 stuck for 26s! [spin:91]\n");
        Evidence fromMemory = found.from(Source.OUTSIDE);
        assertThat(fromMemory.line()).isEmpty();
        assertThat(fromMemory.toBuilder()
                        .source(Source.CONSOLE)
                        .line(found.line())
                        .build())
                .isEqualTo(found);
    }

    @Test
    void onlyTheFieldThatIsNamedChanges() {
        Evidence found = Logs.only("BUG: soft lockup - CPU#1 stuck for 26s! [spin:91]\n");
        assertThat(found.withFunction("f").function()).hasValue("f");
        assertThat(found.withType("T").type()).isEqualTo("T");
        assertThat(found.withFunction("f").withType("T").toBuilder()
                        .function(Optional.empty())
                        .type("HANG")
                        .build())
                .isEqualTo(found);
    }

    @Test
    void aWaitTellsTheCpuAndTheTaskAndTheLocksWordAndOwner() {
        Evidence stuck = waits(
                List.of(LOCK, OTHER),
                List.of(),
                List.of(),
                spins(1, INIT, LOCK, owner(false)),
                spins(0, WORKER, OTHER, owner(true)));
        assertThat(stuck.cpu()).hasValue(1);
        assertThat(stuck.task()).hasValue(INIT);
        assertThat(stuck.locks().get(0).value()).hasValue(0x101);
        assertThat(stuck.locks().get(0).owner())
                .hasValue(new LockRef.Owner(
                        Optional.of(INIT),
                        OptionalInt.of(1),
                        Optional.of("task"),
                        LockRef.How.WORD,
                        "the lock names its owner"));
        assertThat(stuck.locks().get(1).owner().map(LockRef.Owner::how)).hasValue(LockRef.How.INFERRED);
    }

    @Test
    void whatIsGivenIsNotReplaced() {
        LockRef known = LOCK.withValue(3)
                .withOwner(new LockRef.Owner(
                        Optional.empty(), OptionalInt.of(7), Optional.empty(), LockRef.How.LOCKDEP, "given"));
        Evidence stuck = waits(List.of(known), List.of(), List.of(), spins(1, INIT, LOCK, owner(false)));
        assertThat(stuck.locks()).containsExactly(known);
        assertThat(stuck.toBuilder().cpu(0).task(WORKER).build().toBuilder().build())
                .matches(again -> again.cpu().getAsInt() == 0 && again.task().equals(Optional.of(WORKER)));
    }

    @Test
    void aCyclesNodesAndStacksGetTheTasksOfTheirCpus() {
        Evidence stuck = waits(
                List.of(LOCK),
                List.of(
                        new CycleNode("NMI", OptionalInt.of(1), "the CPU", LOCK.name()),
                        new CycleNode("task", OptionalInt.of(0), LOCK.name(), "the CPU")),
                List.of(
                        new Stack(OptionalInt.of(1), "nmi", List.of()),
                        new Stack(OptionalInt.empty(), "task", List.of())),
                spins(1, INIT, LOCK, owner(false)));
        assertThat(stuck.cycle()).extracting(CycleNode::task).containsExactly(Optional.of(INIT), Optional.empty());
        assertThat(stuck.stacks()).extracting(Stack::task).containsExactly(Optional.of(INIT), Optional.empty());
    }

    @Test
    void ofSeveralSleepersForOneLockNoneIsTakenForANode() {
        CycleNode node = new CycleNode("task", OptionalInt.empty(), "mutex a", LOCK.name());
        Details.Wait one = new Details.Wait(
                OptionalInt.empty(), Optional.of(INIT), "task", LOCK, 0, OptionalInt.empty(), Optional.empty());
        Details.Wait other = new Details.Wait(
                OptionalInt.empty(), Optional.of(WORKER), "task", LOCK, 0, OptionalInt.empty(), Optional.empty());
        assertThat(waits(List.of(), List.of(node), List.of(), one)
                        .cycle()
                        .get(0)
                        .task())
                .hasValue(INIT);
        assertThat(waits(List.of(), List.of(node), List.of(), one, other)
                        .cycle()
                        .get(0)
                        .task())
                .isEmpty();
    }

    @Test
    void aTaskThatACpuRanIsNotThatOfTheCpuThatItFoundStuck() {
        Evidence csd = Logs.only(
                "csd: Detected non-responsive CSD lock (#1) on CPU#0, waiting 5000000044 ns for CPU#02 do_flush_tlb_all+0x0/0x50(0x0).\n"
                        + "CPU: 0 PID: 12 Comm: migration/0 Not tainted 6.8.0 #1\nCall Trace:\n smp_call_function_many_cond+0x1/0x2\n");
        assertThat(csd.cpu()).hasValue(2);
        assertThat(csd.task()).isEmpty();
        assertThat(csd.seconds()).hasValue(5.000000044);
    }
}
