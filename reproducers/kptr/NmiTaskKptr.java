// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import static io.ksplat.evidence.Verdict.DEADLOCK;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.BeforeSnapshot;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import io.ksplat.machine.GuestProcess;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "nmi-task-kptr",
        bpf = "nmi_task_kptr.bpf.c",
        shows = "the last reference to a task, dropped in NMI: call_rcu() takes a lock that the interrupted code holds",
        seed = "bpf: Offload kptr destructors that run from NMI")
@Needs(
        kfuncs = {"bpf_task_from_pid", "bpf_task_release"},
        functions = "delayed_put_task_struct",
        boot = "rcu_nocbs=all")
@Expect(verdict = DEADLOCK, kernels = "[6.3,)", because = "bpf_task_release() calls call_rcu() in any context")
class NmiTaskKptr {

    @BeforeSnapshot
    void stashTheLastReference(Machine machine, BpfObject bpf) throws IOException {
        GuestProcess child = machine.spawnParked(1);
        bpf.global("target_pid").set(child.pid());
        bpf.program("stash_task").run();
        child.exitAndReap();
        machine.await(
                "the map holds the last reference",
                () -> bpf.program("references").run() == 1);
        bpf.program("on_free").attach();
    }

    @Test
    void lastReferenceDroppedInNmi(Machine machine, BpfObject bpf) throws IOException {
        bpf.program("on_nmi").attach();
        machine.controls().dropped(bpf.global("dropped"), 1).freed("delayed_put_task_struct", bpf.global("freed"), 1);

        machine.churn(0);
        // Both run with a lock of CPU 0's callback lists held. It depends on the kernel which one is reached.
        machine.nmi().aimAt("rcu_cblist_enqueue", "rcu_segcblist_enqueue").on(0).fire();
    }
}
