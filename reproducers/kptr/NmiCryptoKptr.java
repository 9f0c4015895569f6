// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.DEADLOCK;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Reproducer(
        id = "nmi-crypto-kptr",
        bpf = "nmi_crypto_kptr.bpf.c",
        shows =
                "the last reference to a crypto context, dropped in NMI by deleting or overwriting the element that holds it",
        seed = "bpf: Offload kptr destructors that run from NMI")
@Needs(
        kfuncs = {"bpf_crypto_ctx_create", "bpf_crypto_ctx_release"},
        functions = "crypto_free_cb",
        boot = "rcu_nocbs=all rcutree.enable_rcu_lazy=0")
@Needs(
        cases = "task-storage",
        kfuncs = {"bpf_task_from_pid", "bpf_task_release"})
@Expect(verdict = CLEAN, cases = "in-task", kernels = "[6.10,)", because = "no lock is held by the code that deletes")
@Expect(
        verdict = CLEAN,
        cases = "task-storage",
        kernels = "[6.16,7.0)",
        because = "task storage leaves the destructor to a grace period")
@Expect(
        verdict = CLEAN,
        cases = "task-storage",
        kernels = "[7.0,)",
        because = "task storage refuses in NMI, with -EOPNOTSUPP")
@Expect(
        verdict = DEADLOCK,
        kernels = "[6.10,7.1.7)",
        because = "the map calls the destructor at once, and that call_rcu()")
@Expect(
        verdict = CLEAN,
        kernels = "[7.1.7,)",
        because = "the destructor waits until the element's memory is given back")
class NmiCryptoKptr {

    @Test
    void elementDeletedInNmi(Machine machine, BpfObject bpf) throws IOException {
        MapDelete.run(MapDelete.Kind.CRYPTO, true, machine, bpf);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"hash-prealloc", "hash-overwrite", "array-overwrite"})
    void elementLetGoInNmi(String name, Machine machine, BpfObject bpf) throws IOException {
        MapDelete.run(MapDelete.Kind.CRYPTO, true, machine, bpf);
    }

    @Case("task-storage")
    @Test
    void storageDeletedInNmi(Machine machine, BpfObject bpf) throws IOException {
        MapDelete.runRefusable(MapDelete.Kind.CRYPTO, true, machine, bpf);
    }

    @Case("in-task")
    @Test
    void elementDeletedInTask(Machine machine, BpfObject bpf) throws IOException {
        MapDelete.run(MapDelete.Kind.CRYPTO, false, machine, bpf);
    }
}
