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
        id = "res-spin-lock-timeout",
        bpf = "res_spin_lock_timeout.bpf.c",
        shows = "a lock taken twice that no longer fits into the table of held locks is refused after a quarter second",
        seed = "Resilient Queued Spin Lock")
@Needs(kfuncs = {"bpf_res_spin_lock", "bpf_res_spin_unlock"})
@Expect(verdict = CLEAN, cases = "another-lock", kernels = "[6.15,)", because = "many locks, no cycle")
@Expect(verdict = RECOVERED, kernels = "[6.15,)", because = "-ETIMEDOUT: the 32nd held lock is not in the table")
class ResSpinLockTimeout {
    private static final long QUARTER_SECOND_NS = 250_000_000;

    /** The last lock that is held but not in the table. */
    private static final int LAST_HELD = 31;

    @Test
    void lockBeyondTheTableTakenTwice(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("waited-ns", bpf.global("waited_ns"), QUARTER_SECOND_NS);
        run(LAST_HELD, machine, bpf);
    }

    @Case("another-lock")
    @Test
    void anotherLockBeyondTheTable(Machine machine, BpfObject bpf) throws IOException {
        run(LAST_HELD + 1, machine, bpf);
    }

    private static void run(int lastLock, Machine machine, BpfObject bpf) throws IOException {
        bpf.global("last_key").set(lastLock);
        machine.controls().atLeast("taken", bpf.global("taken"), 1).atLeast("taken-again", bpf.global("retaken"), 1);
        machine.programReports()
                .refused("a lock beyond the table of held locks", bpf.global("result"))
                .stderrOf(bpf.program("take_many"));
        bpf.program("take_many").runOn(0);
        bpf.program("take_again").runOn(0);
    }
}
