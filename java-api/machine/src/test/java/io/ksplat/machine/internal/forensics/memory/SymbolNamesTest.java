// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Frame;
import org.junit.jupiter.api.Test;

class SymbolNamesTest {
    private static String base(String function) {
        return SymbolNames.base(Frame.of(function, 1));
    }

    @Test
    void dropsWhatTheCompilerAndTheLoaderAdd() {
        assertThat(base("dput.part.0")).isEqualTo("dput");
        assertThat(base("bpf_prog_07f92ad97ba536e1_on_nmi")).isEqualTo("bpf:on_nmi");
        assertThat(base("_raw_spin_lock")).isEqualTo("_raw_spin_lock");
    }

    /** Else the same deadlock has another signature on each kernel, and a bisection finds nothing. */
    @Test
    void isTheSameForATrampolineOnEveryKernel() {
        assertThat(base("bpf_trampoline_6442526293")).isEqualTo("bpf_trampoline");
        assertThat(base("bpf_trampoline_6442533065_1")).isEqualTo(base("bpf_trampoline_6442526293"));
        assertThat(base("bpf_trampoline_link_prog")).isEqualTo("bpf_trampoline_link_prog");
    }
}
