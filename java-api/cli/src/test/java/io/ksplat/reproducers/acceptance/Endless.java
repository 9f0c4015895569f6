// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.acceptance;

import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "acceptance-endless",
        bpf = "counter.bpf.c",
        shows = "a method that never ends by itself",
        seed = "none")
@Expect(verdict = Verdict.CLEAN)
class Endless {
    @Test
    void askForEver(Machine machine) throws IOException {
        while (machine.readFile("/proc/uptime").length > 0) {
            // Until the machine is gone.
        }
    }
}
