// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.INCONCLUSIVE;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The name of a case is the kind of map, and whether the program takes the mask out before it deletes the element. */
@Reproducer(
        id = "kptr-reuse",
        bpf = "kptr_reuse.bpf.c",
        shows = "an element that was deleted and inserted again: whether it still has the kptr of its former life",
        seed = "bpf: Cancel special fields on map value recycle")
@Needs(kfuncs = {"bpf_cpumask_create", "bpf_cpumask_release"})
@Expect(
        verdict = CLEAN,
        cases = {"taken-out", "prealloc-taken-out"},
        kernels = "[6.3,)",
        because = "nothing is left in the element")
@Expect(
        verdict = INCONCLUSIVE,
        kernels = "[7.1.7,)",
        because = "delete leaves the kptr in the element, and who inserts it again finds one: the control says so")
@Expect(verdict = CLEAN, kernels = "[6.3,)", because = "delete releases the kptr at once")
class KptrReuse {
    /** See kptr_reuse.bpf.c. */
    private static final int TURNS = 256;

    @Test
    void withoutPreallocation(Machine machine, BpfObject bpf) throws IOException {
        reuse(machine, bpf);
    }

    @Case("prealloc")
    @Test
    void preallocated(Machine machine, BpfObject bpf) throws IOException {
        reuse(machine, bpf);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"taken-out", "prealloc-taken-out"})
    void takenOutBefore(String name, Machine machine, BpfObject bpf) throws IOException {
        reuse(machine, bpf);
    }

    private static void reuse(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("stored", bpf.global("stored"), TURNS).exactly("kept", bpf.global("kept"), 0);
        bpf.program("use_elements").runOn(0);
    }
}
