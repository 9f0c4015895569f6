// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.acceptance;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Reproducer;
import io.ksplat.machine.GuestProcess;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "acceptance-use-after-free",
        bpf = "use_after_free.bpf.c",
        shows = "a task that is looked at after its free, which only a kernel that checks each access sees",
        seed = "none")
@Expect(verdict = Verdict.CLEAN)
class UsesAfterFree {

    @Test
    void lookAtAFreedTask(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("looked", bpf.global("looked"), 1);
        GuestProcess child = machine.spawnParked(1);
        bpf.program("after_free").attach();
        child.exitAndReap();
    }
}
