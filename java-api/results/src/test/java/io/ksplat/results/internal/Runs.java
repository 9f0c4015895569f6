// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.HeldLock;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.ProgramRecord;
import io.ksplat.results.ResourceUsage;
import io.ksplat.results.RunRecord;
import io.ksplat.results.TimelineEvent;
import io.ksplat.results.Timings;
import io.ksplat.results.ToolRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Records to report. */
public final class Runs {
    public static final KernelName KERNEL =
            new KernelName("debian:7.2", "7.2.13+deb14-cloud-amd64", "7.2.13-cloud", Optional.of("0123456789ab"));

    private Runs() {}

    public static RunRecord run(String reproducer, int attempt, Verdict verdict, Verdict expected) {
        return RunRecord.of(reproducer, KERNEL, attempt)
                .bootRetries(1)
                .verdict(verdict)
                .expected(expected)
                .evidence(verdict == Verdict.DEADLOCK ? List.of(deadlock("possible deadlock")) : List.of())
                .controls(List.of(Control.stimulus("nmi", 1, 1), Control.effect("freed:delayed_put_task_struct", 2, 1)))
                .notes(List.of("NMI on CPU 0 at rcu_cblist_enqueue+0x0"))
                .timings(new Timings(OptionalLong.of(1830), OptionalLong.empty(), OptionalLong.of(2100), 2500))
                .accelerator("tcg")
                .nmis(List.of(
                        new NmiRecord(
                                "aimed at rcu_cblist_enqueue+0x0",
                                OptionalInt.of(0),
                                OptionalLong.of(0xffffffff81234567L),
                                Optional.of("rcu_cblist_enqueue+0x0"),
                                Optional.of(new Task("victim", 71)),
                                OptionalLong.of(1900)),
                        NmiRecord.of("storm of 100/s, jitter 0.5, seed 7")))
                .build();
    }

    /** Every field. */
    public static RunRecord whole() {
        return run("nmi-map-delete/task-hash", 3, Verdict.DEADLOCK, Verdict.DEADLOCK).toBuilder()
                .mismatch("the lock is &p->pi_lock, expected pool->lock")
                .because("bpf_obj_free_fields takes pi_lock")
                .message("seen twice")
                .evidence(List.of(deadlock("possible deadlock"), stuck()))
                .controls(List.of(
                        Control.stimulus("nmi", 1, 1),
                        Control.effect("dropped", 2, 1),
                        Control.observer("lockdep", 1, 1)))
                .timeline(List.of(
                        new TimelineEvent(1900, OptionalInt.of(0), "nmi", "rcu_cblist_enqueue+0x0"),
                        new TimelineEvent(2100, OptionalInt.empty(), "evidence", "possible deadlock")))
                .timings(new Timings(OptionalLong.empty(), OptionalLong.of(77), OptionalLong.of(2100), 2500))
                .accelerator("kvm")
                .origin("template")
                .program(new ProgramRecord(
                        OptionalInt.of(1),
                        OptionalInt.of(9),
                        "out\n",
                        "err\n",
                        Optional.of(new ResourceUsage(1, 2, 3, 4, 5, 6, 7))))
                .watchedMs(400)
                .tool(new ToolRecord("0.1.0", List.of("run", "nmi-map-delete/task-hash"), OptionalLong.of(7)))
                .build();
    }

    /** A CPU that spins, seen from outside. */
    public static Evidence stuck() {
        Details.Owner owner = new Details.Owner(
                "task",
                OptionalInt.of(1),
                Optional.of(new Task("holder", 7)),
                "its stack is in the lock's section",
                true);
        LockRef lock = new LockRef("&rq->__lock", Optional.of("ffff888004a514d0"), Optional.empty());
        Details.Wait wait = new Details.Wait(
                OptionalInt.of(0),
                Optional.of(new Task("waiter", 8)),
                "NMI",
                lock,
                0xffff888005458001L,
                OptionalInt.of(1),
                Optional.of(owner));
        return Evidence.builder(
                        EvidenceKind.CPU_STUCK, "CPU 0 stuck in queued_spin_lock_slowpath", "cpu-stuck:&rq->__lock")
                .function("queued_spin_lock_slowpath")
                .seconds(OptionalDouble.of(2.5))
                .line(OptionalLong.of(12))
                .count(2)
                .incident("1", Evidence.Role.CAUSE)
                .locks(List.of(lock.withHeldAt("schedule").withWantedAt("try_to_wake_up")))
                .cycle(List.of(new CycleNode("NMI", OptionalInt.of(0), "a", "b", true)))
                .stacks(List.of(new Stack(
                        OptionalInt.of(0),
                        "nmi",
                        List.of(Frame.of("queued_spin_lock_slowpath", 0x1b).asPointer()))))
                .wallTime("Jan 01 00:00:00")
                .preemptCount(OptionalInt.of(0x10001))
                .inFlight(List.of("vmstat_update"))
                .blocked(List.of(new Task("blocked", 9)))
                .details(new Details.Waits(
                        List.of(wait),
                        List.of(new Details.Holding(
                                new Task("holder", 7),
                                List.of(new HeldLock(lock, "+.+.", Optional.of("2:2"), Optional.of("schedule")))))))
                .build();
    }

    public static Evidence deadlock(String title) {
        return new Evidence(
                EvidenceKind.LOCKDEP_CIRCULAR,
                title,
                "lockdep-circular:&rdp->nocb_lock",
                List.of(
                        new LockRef("&rdp->nocb_lock", Optional.of("ffff88800f600000"), Optional.of("rcu_nocb")),
                        new LockRef("&p->pi_lock", Optional.empty(), Optional.empty())),
                List.of(
                        new CycleNode("task", OptionalInt.of(0), "&rdp->nocb_lock", "&p->pi_lock"),
                        new CycleNode("nmi", OptionalInt.empty(), "&p->pi_lock", "&rdp->nocb_lock")),
                List.of(new Stack(
                        OptionalInt.of(1),
                        "nmi",
                        List.of(
                                Frame.of("native_queued_spin_lock_slowpath", 0x1b),
                                new Frame(
                                        "call_rcu",
                                        OptionalLong.empty(),
                                        Optional.of("kernel/rcu/tree.c"),
                                        OptionalInt.of(3150),
                                        true,
                                        false)))),
                Source.CONSOLE,
                OptionalDouble.of(12.25));
    }

    /** A patch trial of one pair of runs each. */
    static PatchRecord trial(String verdict, String why, List<PatchRecord.Comparison> reproducers) {
        return new PatchRecord(
                verdict,
                0.01,
                new PatchRecord.Sides(1, 1),
                new PatchRecord.Sides(1, 1),
                why,
                "0123456789ab",
                "plain",
                List.of("bpf: Fix it"),
                List.of(),
                reproducers);
    }

    /** @param verdict empty: it has none */
    static PatchRecord.Comparison comparison(
            String reproducer, String verdict, String why, Optional<PatchRecord.Place> at) {
        PatchRecord.Side side = new PatchRecord.Side(1, 1, 0.025, 1, List.of());
        return new PatchRecord.Comparison(
                reproducer, Optional.of(verdict).filter(word -> !word.isEmpty()), 0.01, why, side, side, at);
    }
}
