// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import static io.ksplat.evidence.Verdict.CLEAN;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

@Reproducer(
        id = "kptr-acquire/kptr-get",
        bpf = "kptr_get.bpf.c",
        shows = "two CPUs acquire an object from a map with a KF_KPTR_GET function, which takes the element's address",
        seed = "Remove KF_KPTR_GET kfunc flag")
@Needs(kfuncs = {"bpf_kfunc_call_test_acquire", "bpf_kfunc_call_test_kptr_get", "bpf_kfunc_call_test_release"})
@Expect(
        verdict = CLEAN,
        kernels = "[6.1,6.4)",
        because = "no program takes the pointer out; the flag was removed in 6.4")
class KptrGet {
    private static final int CPUS = 2;

    /** Rounds of each CPU, see kptr_get.bpf.c. */
    private static final int ROUNDS = 20_000;

    /** An empty Ethernet frame: a tc program runs on a packet. */
    private static final byte[] PACKET = new byte[14];

    @Test
    void byKptrGet(Machine machine, BpfObject bpf) throws IOException {
        machine.controls()
                .atLeast("acquired-by-every-try", bpf.global("acquired"), CPUS * ROUNDS)
                .atLeast("ended", bpf.global("ended"), CPUS);
        bpf.program("stash_object").runOnPacket(0, PACKET);
        BpfProgram stress = bpf.program("stress");
        BpfProgram.startTogether(stress.onPacket(0, PACKET), stress.onPacket(1, PACKET));
    }
}
