// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.DEADLOCK;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "nmi-cgroup-kptr",
        bpf = "nmi_cgroup_kptr.bpf.c",
        shows =
                "the last reference to a cgroup, dropped in NMI: queue_work() takes the lock that the interrupted worker holds",
        seed = "bpf: Offload kptr destructors that run from NMI")
@Needs(
        kfuncs = {"bpf_cgroup_acquire", "bpf_cgroup_release"},
        functions = "css_free_rwork_fn")
@Expect(
        verdict = CLEAN,
        cases = "in-task",
        kernels = "[6.3,)",
        because = "the lock that queue_work() takes is not held by the code that drops")
@Expect(verdict = DEADLOCK, kernels = "[6.3,)", because = "bpf_cgroup_release() ends in queue_work() in any context")
class NmiCgroupKptr {

    @Test
    void lastReferenceDroppedInNmi(Machine machine, BpfObject bpf) throws IOException {
        stash(machine, bpf);
        bpf.program("on_nmi").attach();
        Cgroups.interruptWorkerOfCpu0(machine, bpf);
    }

    @Case("in-task")
    @Test
    void lastReferenceDroppedInTask(Machine machine, BpfObject bpf) throws IOException {
        stash(machine, bpf);
        bpf.program("in_task").runOn(0);
    }

    private static void stash(Machine machine, BpfObject bpf) throws IOException {
        Cgroups.make(machine, bpf);
        Cgroups.awaitLastReference(machine, bpf);
        bpf.program("on_free").attach();
        machine.controls().dropped(bpf.global("dropped"), 1).freed("css_free_rwork_fn", bpf.global("freed"), 1);
    }
}
