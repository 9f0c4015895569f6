// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.engine.Machine;
import java.io.IOException;

/** What the reproducers have in common that drop a cgroup. */
final class Cgroups {
    private static final String PATH = "/sys/fs/cgroup/ksplat";

    /** Workers of other pools come by on CPU 0, too: their locks are others. */
    private static final int TRIES = 12;

    private Cgroups() {}

    /** Makes a cgroup, which the program takes a reference to, and removes it. */
    static void make(Machine machine, BpfObject bpf) throws IOException {
        BpfProgram.Link making = bpf.program("on_mkdir").attach();
        machine.makeDirectory(PATH);
        making.close();
        machine.remove(PATH);
    }

    static void awaitLastReference(Machine machine, BpfObject bpf) throws IOException {
        machine.await(
                "the map holds the last reference",
                () -> bpf.program("is_last_reference").run() == 1);
    }

    /**
     * Aims at process_one_work(), which is entered with the lock of the worker's pool held (kernel/workqueue.c), until the program
     * found that it interrupted a worker of CPU 0's own pool.
     */
    static void interruptWorkerOfCpu0(Machine machine, BpfObject bpf) throws IOException {
        for (int i = 0; i < TRIES && bpf.global("aimed").get() == 0; i++) {
            long before = bpf.global("handled").get();
            if (machine.nmi().aimAt("process_one_work").on(0).fire().isEmpty()) {
                return;
            }
            if (!machine.soon(
                    () -> bpf.global("aimed").get() > 0 || bpf.global("handled").get() > before)) {
                return;
            }
        }
    }
}
