// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.acceptance;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.BeforeSnapshot;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "acceptance-controls-before",
        bpf = "counter.bpf.c",
        shows = "controls that a restored machine's run would not have",
        seed = "none")
@Expect(verdict = Verdict.CLEAN)
class ControlsBefore {
    @BeforeSnapshot
    void prepare(Machine machine, BpfObject bpf) {
        machine.controls().atLeast("count", bpf.global("count"), 0);
    }

    @Test
    void nothing() {}
}
