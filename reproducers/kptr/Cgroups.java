// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.engine.Machine;
import java.io.IOException;

/** Steps that the reproducers with a cgroup share. */
final class Cgroups {
    private static final String PATH = "/sys/fs/cgroup/ksplat";

    /** Attempts to interrupt a worker. Workers of other pools, which have other locks, run on CPU 0, too. */
    private static final int TRIES = 12;

    private Cgroups() {}

    /** Makes a cgroup, lets the program take a reference to it, and removes it. */
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
     * Aims at process_one_work(), which is entered with the lock of the worker's pool held (kernel/workqueue.c), until
     * the program has interrupted a worker of CPU 0's own pool.
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
