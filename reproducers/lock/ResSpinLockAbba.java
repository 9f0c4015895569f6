// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.lock;

import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.RECOVERED;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "res-spin-lock-abba",
        bpf = "res_spin_lock_abba.bpf.c",
        shows = "two CPUs take two resilient locks in opposite orders: one of them is refused, and both go on",
        seed = "Resilient Queued Spin Lock")
@Needs(kfuncs = {"bpf_res_spin_lock", "bpf_res_spin_unlock"})
@Expect(verdict = CLEAN, cases = "same-order", kernels = "[6.15,)", because = "one order, no cycle")
@Expect(
        verdict = RECOVERED,
        kernels = "[6.15,)",
        because = "-EDEADLK or -ETIMEDOUT, whichever CPU finds the cycle first")
class ResSpinLockAbba {

    @Test
    void oppositeOrders(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("both-held", bpf.global("both_held"), 1);
        race(machine, bpf);
    }

    @Case("same-order")
    @Test
    void sameOrder(Machine machine, BpfObject bpf) throws IOException {
        bpf.global("same_order").set(1);
        race(machine, bpf);
    }

    private static void race(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("raced", bpf.global("raced"), 1).atLeast("taken-again", bpf.global("retaken"), 1);
        machine.programReports()
                .refused("the second of two locks in opposite orders", bpf.global("refused"))
                .stderrOf(bpf.program("on_cpu0"))
                .stderrOf(bpf.program("on_cpu1"));
        BpfProgram.startTogether(
                bpf.program("on_cpu0").on(0), bpf.program("on_cpu1").on(1));
        machine.await("both CPUs are done", () -> bpf.global("ended").get() == 2);
        bpf.program("take_both").runOn(0);
    }
}
