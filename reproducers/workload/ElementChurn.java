// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.workload;

import static io.ksplat.evidence.Verdict.CLEAN;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Metric;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "element-churn",
        bpf = "element_churn.bpf.c",
        shows =
                "how much memory freed elements hold until a grace period lets it go, when one CPU inserts and another deletes",
        seed = "bpf: Handle reuse in bpf memory alloc")
@Expect(verdict = CLEAN, because = "after a grace period the memory is the slab's again")
@Metric(name = "heldAtMost", unit = "KiB", count = "held-kib")
@Metric(name = "deletesPerSecond", unit = "1/s", count = "deleted", nanoseconds = "delete-ns")
class ElementChurn {
    private static final int ROUNDS = 8;
    private static final int ELEMENTS = 8192;
    /** More elements than the allocator's cache of a CPU keeps, so that it checks what waits to be given back. */
    private static final int FEW = 256;

    @Test
    void insertedHereDeletedThere(Machine machine, BpfObject bpf) throws IOException {
        machine.controls()
                .atLeast("deleted", bpf.global("deleted"), ROUNDS * ELEMENTS)
                .atLeast("delete-ns", bpf.global("delete_ns"), 1)
                .atLeast("held-kib", bpf.global("held_kib"), 1)
                .atLeast("given-back", bpf.global("given_back"), 1);
        bpf.program("begin").run();
        for (int i = 0; i < ROUNDS; i++) {
            turn(ELEMENTS, bpf);
        }
        machine.eventually(() -> {
            turn(FEW, bpf);
            bpf.program("end").run();
            return bpf.global("given_back").get() == 1;
        });
    }

    private static void turn(int elements, BpfObject bpf) throws IOException {
        bpf.global("elements_a_turn").set(elements);
        bpf.program("insert").runOn(0);
        bpf.program("remove").runOn(1);
    }
}
