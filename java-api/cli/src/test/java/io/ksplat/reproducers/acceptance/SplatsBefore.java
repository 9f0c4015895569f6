// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.acceptance;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.BeforeSnapshot;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "acceptance-splats-before",
        bpf = "counter.bpf.c",
        shows = "a machine that has splatted before it could be frozen",
        seed = "none")
@Expect(verdict = Verdict.CRASH)
public final class SplatsBefore {
    public static final AtomicInteger SET_UPS = new AtomicInteger();

    @BeforeSnapshot
    void splat(Machine machine) throws IOException {
        SET_UPS.incrementAndGet();
        machine.writeFile(
                "/dev/console", "<0>[    9.000000] BUG: unable to handle page fault for address: ffffffffdeadbeef\n");
    }

    @Test
    void goOn(Machine machine, BpfObject bpf) {
        machine.controls().atLeast("count", bpf.global("count"), 0);
    }
}
