// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Stack;
import org.junit.jupiter.api.Test;

class EvidenceTextTest {
    @Test
    void showsTitleCycleAndStacks() {
        assertThat(EvidenceText.of(Runs.deadlock("possible deadlock in call_rcu")))
                .isEqualTo("""
                lockdep-circular: possible deadlock in call_rcu
                  task on CPU 0 holds &rdp->nocb_lock and waits for &p->pi_lock
                  nmi holds &p->pi_lock and waits for &rdp->nocb_lock
                  CPU 1, nmi:
                    native_queued_spin_lock_slowpath+0x1b
                    ? call_rcu at kernel/rcu/tree.c:3150 (inlined)
                """);
    }

    @Test
    void saysHowManyFramesItLeavesOut() {
        Stack stack = Runs.deadlock("x").stacks().get(0);
        assertThat(EvidenceText.of(stack, 1)).isEqualTo("""
                  CPU 1, nmi:
                    native_queued_spin_lock_slowpath+0x1b
                    ... 1 more
                """);
        assertThat(EvidenceText.of(stack, 2)).doesNotContain("more");
    }
}
