// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.acceptance;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "acceptance-crash-once",
        bpf = "counter.bpf.c",
        shows = "a crash that does not come again",
        seed = "none")
@Expect(verdict = Verdict.INCONCLUSIVE)
class CrashesOnce {
    private static final AtomicInteger TIMES = new AtomicInteger();

    @Test
    void crash(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("count", bpf.global("count"), 0);
        if (TIMES.incrementAndGet() == 1) {
            machine.writeFile(
                    "/dev/console",
                    "<0>[    9.000000] BUG: unable to handle page fault for address: ffffffffdeadbeef\n");
        }
    }
}
