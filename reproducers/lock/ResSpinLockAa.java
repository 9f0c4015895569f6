// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.lock;

import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.RECOVERED;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "res-spin-lock-aa",
        bpf = "res_spin_lock_aa.bpf.c",
        shows = "a resilient lock taken twice on one CPU is refused at once, and can be taken again afterwards",
        seed = "Resilient Queued Spin Lock")
@Needs(kfuncs = {"bpf_res_spin_lock", "bpf_res_spin_unlock"})
@Expect(verdict = CLEAN, cases = "two-locks", kernels = "[6.15,)", because = "two locks, no cycle")
@Expect(verdict = RECOVERED, kernels = "[6.15,)", because = "-EDEADLK: the lock is in the CPU's table of held locks")
class ResSpinLockAa {

    @Test
    void oneLockTakenTwice(Machine machine, BpfObject bpf) throws IOException {
        run(0, machine, bpf);
    }

    @Case("two-locks")
    @Test
    void twoLocks(Machine machine, BpfObject bpf) throws IOException {
        run(1, machine, bpf);
    }

    private static void run(int secondLock, Machine machine, BpfObject bpf) throws IOException {
        bpf.global("second_key").set(secondLock);
        machine.controls().atLeast("taken", bpf.global("taken"), 1).atLeast("taken-again", bpf.global("retaken"), 1);
        machine.programReports()
                .refused("the second of two locks", bpf.global("result"))
                .stderrOf(bpf.program("take_two"));
        bpf.program("take_two").runOn(0);
        bpf.program("take_again").runOn(0);
    }
}
