// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.workload;

import static io.ksplat.evidence.Verdict.CLEAN;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Metric;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "hash-churn",
        bpf = "hash_churn.bpf.c",
        shows =
                "what a hash map's update and delete cost without preallocation, as map_perf_test measures it, on each CPU",
        seed = "bpf: Handle reuse in bpf memory alloc")
@Expect(verdict = CLEAN, because = "each CPU has a key of its own")
@Metric(name = "eventsPerSecondAndCpu", unit = "1/s", count = "events", nanoseconds = "cpu-ns")
class HashChurn {

    @Test
    void updateAndDelete(Machine machine, BpfObject bpf) throws IOException {
        machine.controls()
                .atLeast("events", bpf.global("events"), 1000)
                .atLeast("cpu-ns", bpf.global("cpu_ns"), 1)
                .atLeast("ended", bpf.global("ended"), machine.cpus());
        BpfProgram churn = bpf.program("churn");
        BpfProgram.startTogether(churn.on(0), churn.on(1));
    }
}
