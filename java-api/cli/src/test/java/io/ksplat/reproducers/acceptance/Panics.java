// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.acceptance;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(id = "acceptance-panic", bpf = "counter.bpf.c", shows = "a guest that panics", seed = "none")
@Expect(verdict = Verdict.CRASH)
class Panics {
    @Test
    void crash(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("count", bpf.global("count"), 1);
        machine.writeFile("/proc/sysrq-trigger", "c");
    }
}
