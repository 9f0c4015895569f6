// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.campaign.ScriptedKernels;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.internal.build.TouchedFunction;
import io.ksplat.results.RunRecord;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class AccusedFunctionTest {
    private static final KernelSpec KERNEL = KernelSpec.parse("tree:/linux@some+plain");
    private static final TouchedFunction RELEASE = new TouchedFunction("kernel/bpf/helpers.c", "bpf_task_release", 12);
    private static final TouchedFunction FREE = new TouchedFunction("kernel/fork.c", "x", 9);
    private static final List<TouchedFunction> TOUCHED =
            List.of(new TouchedFunction("kernel/a.c", "other", 3), FREE, RELEASE);

    private static RunRecord dead(String signature, String... functions) {
        List<Frame> frames =
                Arrays.stream(functions).map(name -> Frame.of(name, 1)).toList();
        Evidence found = Evidence.builder(EvidenceKind.CPU_STUCK, "CPU 0 stuck in " + signature, signature)
                .stacks(List.of(new Stack(OptionalInt.of(0), "nmi", frames)))
                .build();
        return ScriptedKernels.deadlock(KERNEL, 1, signature).toBuilder()
                .evidence(List.of(found))
                .build();
    }

    private static Comparison pairs(RunRecord base, RunRecord patched) {
        return Comparison.of("some-bug", Collections.nCopies(4, base), Collections.nCopies(4, patched), 0.05);
    }

    @Test
    void aBugThatStaysNamesItsFirstFunctionOfTheSeries() {
        RunRecord still = dead("bug", "native_queued_spin_lock_slowpath", "bpf_task_release.part.0", "x");
        Comparison pairs = pairs(dead("bug", "f"), still);
        assertThat(pairs.verdict()).contains(PatchVerdict.DOES_NOT_CURE);
        assertThat(AccusedFunction.of(pairs, TOUCHED)).contains(RELEASE);
        assertThat(AccusedFunction.of(pairs, List.of())).isEmpty();
    }

    @Test
    void aNewSplatIsToldByItsOwnEvidence() {
        RunRecord both = dead("new", "x").toBuilder()
                .evidence(List.of(
                        dead("bug", "bpf_task_release").evidence().get(0),
                        dead("new", "x").evidence().get(0)))
                .build();
        Comparison pairs = pairs(dead("bug", "bpf_task_release"), dead("new", "x"));
        assertThat(pairs.verdict()).contains(PatchVerdict.BREAKS);
        assertThat(AccusedFunction.of(pairs, TOUCHED)).contains(FREE);
        Comparison mixed = new Comparison(
                pairs.reproducer(),
                pairs.baseRuns(),
                List.of(both),
                pairs.verdict(),
                pairs.errorBound(),
                pairs.base(),
                pairs.patched(),
                pairs.doubt(),
                pairs.why());
        assertThat(AccusedFunction.of(mixed, TOUCHED))
                .as("the base has the bug, too")
                .contains(FREE);
    }

    @Test
    void aControlNamesItsFunction() {
        Comparison pairs = pairs(ScriptedKernels.clean(KERNEL, 1), ScriptedKernels.leak(KERNEL, 1));
        assertThat(pairs.verdict()).contains(PatchVerdict.BREAKS);
        assertThat(AccusedFunction.of(pairs, TOUCHED)).contains(FREE);
    }

    @Test
    void aCureAccusesNothing() {
        Comparison pairs = pairs(dead("bug", "bpf_task_release"), ScriptedKernels.clean(KERNEL, 1));
        assertThat(pairs.verdict()).contains(PatchVerdict.CURES);
        assertThat(AccusedFunction.of(pairs, TOUCHED)).isEmpty();
    }
}
