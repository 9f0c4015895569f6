// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.REJECTED;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import io.ksplat.machine.GuestProcess;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "kptr-acquire",
        bpf = "kptr_acquire.bpf.c",
        shows =
                "two CPUs acquire a task from a map: by taking it out for a moment, which loses, or under RCU, which does not",
        seed = "Remove KF_KPTR_GET kfunc flag")
@Needs(
        kfuncs = {
            "bpf_task_from_pid",
            "bpf_task_acquire",
            "bpf_task_release",
            "bpf_rcu_read_lock",
            "bpf_rcu_read_unlock"
        },
        functions = "delayed_put_task_struct")
@Expect(
        verdict = REJECTED,
        cases = "without-rcu",
        kernels = "[6.4,)",
        because = "a pointer read from a map without bpf_rcu_read_lock() is not trusted")
@Expect(verdict = CLEAN, kernels = "[6.4,)", because = "each acquired reference is counted, and released once")
class KptrAcquire {
    private static final int CPUS = 2;

    /** Rounds of each CPU, see kptr_acquire.bpf.c. */
    private static final int ROUNDS = 20_000;

    /** A pointer is lost only if the two CPUs meet, so {@code lost} is a control. */
    @Test
    void byExchange(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("lost", bpf.global("lost"), 1);
        stress(machine, bpf);
    }

    /** The pointer stays in the map: every try must succeed. */
    @Case("rcu")
    @Test
    void underRcu(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("acquired-by-every-try", bpf.global("acquired"), CPUS * ROUNDS);
        stress(machine, bpf);
    }

    /** The verifier decides. */
    @Case("without-rcu")
    @Test
    void withoutRcu(Machine machine, BpfObject bpf) throws IOException {
        stress(machine, bpf);
    }

    private static void stress(Machine machine, BpfObject bpf) throws IOException {
        GuestProcess child = machine.spawnParked(1);
        bpf.global("target_pid").set(child.pid());
        bpf.program("stash_task").run();
        child.exitAndReap();
        BpfObject tracer = machine.load("free_task.bpf.c");
        tracer.global("target").set(bpf.global("target").get());
        tracer.program("on_free").attach();
        machine.controls()
                .atLeast("acquired-on-cpu-0", bpf.global("acquired0"), 1)
                .atLeast("acquired-on-cpu-1", bpf.global("acquired1"), 1)
                .atLeast("failed", bpf.global("failed"), 0)
                .freed("delayed_put_task_struct", tracer.global("freed"), 1);
        BpfProgram stress = bpf.program("stress");
        BpfProgram.startTogether(stress.on(0), stress.on(1));
        if (machine.eventually(() -> bpf.global("ended").get() == CPUS)) {
            machine.unload(bpf);
        }
    }
}
