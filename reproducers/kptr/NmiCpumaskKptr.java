// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import static io.ksplat.evidence.Verdict.CLEAN;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.BeforeSnapshot;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "nmi-cpumask-kptr",
        bpf = "nmi_cpumask_kptr.bpf.c",
        shows = "the safe opposite of nmi-task-kptr: cpumasks go back to BPF's own allocator, which is made for NMI",
        seed = "bpf: Offload kptr destructors that run from NMI")
@Needs(
        kfuncs = {"bpf_cpumask_create", "bpf_cpumask_release"},
        boot = "rcu_nocbs=all rcutree.enable_rcu_lazy=0")
@Expect(verdict = CLEAN, kernels = "[6.3,)", because = "bpf_cpumask_release() ends in bpf_mem_cache_free_rcu()")
class NmiCpumaskKptr {
    /** More than a CPU's free list keeps (kernel/bpf/memalloc.c, high_watermark): the rest goes back to the slab. */
    private static final int MASKS = 256;

    @BeforeSnapshot
    void stashTheLastReferences(BpfObject bpf) throws IOException {
        bpf.program("stash_masks").runOn(0);
        bpf.program("on_free").attach();
    }

    @Test
    void lastReferencesDroppedInNmi(Machine machine, BpfObject bpf) throws IOException {
        bpf.program("on_nmi").attach();
        machine.controls().dropped(bpf.global("dropped"), MASKS).freed("kfree", bpf.global("freed"), MASKS / 2);

        machine.churn(0);
        machine.nmi()
                .aimAt("rcu_cblist_enqueue", "rcu_segcblist_enqueue")
                .on(0)
                .orStorm(2, Duration.ofSeconds(5))
                .fire();
        // Objects that were freed while the allocator waited for a grace period stay there until it is given others
        // (do_call_rcu_ttrace()).
        if (machine.soon(() -> bpf.global("dropped").get() == MASKS)) {
            machine.eventually(() -> {
                bpf.program("free_more").runOn(0);
                return bpf.global("freed").get() >= MASKS / 2;
            });
        }
    }
}
