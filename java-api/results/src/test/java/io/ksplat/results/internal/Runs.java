// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
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
}
