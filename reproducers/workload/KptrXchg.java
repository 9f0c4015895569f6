// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.workload;

import static io.ksplat.evidence.Verdict.CLEAN;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Metric;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "kptr-xchg",
        bpf = "kptr_xchg.bpf.c",
        shows =
                "what taking a pointer out of a map's element and putting it back costs: a call of the helper before 6.9, one instruction since",
        seed = "Support inlining bpf_kptr_xchg()")
@Needs(
        cases = "cpumask",
        kfuncs = {"bpf_cpumask_create", "bpf_cpumask_release"})
@Needs(
        cases = "test-object",
        kfuncs = {"bpf_kfunc_call_test_acquire", "bpf_kfunc_call_test_release"})
@Expect(verdict = CLEAN, cases = "cpumask", kernels = "[6.3,)", because = "each CPU has an element of its own")
@Expect(
        verdict = CLEAN,
        cases = "test-object",
        kernels = "[6.1,6.4)",
        because = "the kernel's own test objects, the only ones that 6.1 has, became a module's in 6.4")
@Metric(name = "exchangesPerSecondAndCpu", unit = "1/s", count = "events", nanoseconds = "cpu-ns")
class KptrXchg {
    /** An empty Ethernet frame: programs that may call the kfuncs of 6.1 run on packets. */
    private static final byte[] PACKET = new byte[14];

    @Case("cpumask")
    @Test
    void ofCpumasks(Machine machine, BpfObject bpf) throws IOException {
        controls(machine, bpf);
        bpf.program("stash").run();
        BpfProgram exchange = bpf.program("exchange");
        BpfProgram.startTogether(exchange.on(0), exchange.on(1));
    }

    @Case("test-object")
    @Test
    void ofTestObjects(Machine machine, BpfObject bpf) throws IOException {
        controls(machine, bpf);
        bpf.program("stash").runOnPacket(0, PACKET);
        BpfProgram exchange = bpf.program("exchange");
        BpfProgram.startTogether(exchange.onPacket(0, PACKET), exchange.onPacket(1, PACKET));
    }

    private static void controls(Machine machine, BpfObject bpf) throws IOException {
        machine.controls()
                .atLeast("events", bpf.global("events"), 1000)
                .atLeast("cpu-ns", bpf.global("cpu_ns"), 1)
                .atLeast("ended", bpf.global("ended"), machine.cpus());
    }
}
