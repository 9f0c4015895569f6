// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.machine.GuestProcess;
import java.io.IOException;
import java.time.Duration;

/** The Java side of map_delete.bpf.h. */
final class MapDelete {
    /** The kind of object whose last reference lies in the map, and the function that finally frees it. */
    enum Kind {
        TASK("free_task.bpf.c", "delayed_put_task_struct"),
        CGROUP("free_cgroup.bpf.c", "css_free_rwork_fn"),
        CRYPTO("free_crypto.bpf.c", "crypto_free_cb"),
        CPUMASK("free_bpf_memory.bpf.c", "kfree"),
        LOCAL("free_bpf_memory.bpf.c", "kfree");

        private final String tracer;
        private final String freeing;

        Kind(String tracer, String freeing) {
            this.tracer = tracer;
            this.freeing = freeing;
        }
    }

    private static final double PER_SECOND = 30;
    private static final Duration STORM = Duration.ofMillis(1200);

    private MapDelete() {}

    /**
     * Makes the map release its object, then unloads the map, because a cure may leave the free to the end of the map.
     */
    static void run(Kind kind, boolean inNmi, Machine machine, BpfObject bpf) throws IOException {
        stash(kind, machine, bpf);
        watchFree(kind, machine, bpf);
        machine.controls().dropped(bpf.global("dropped"), 1);
        letGo(kind, inNmi, machine, bpf);
        if (machine.soon(() -> bpf.global("dropped").get() == 1)) {
            machine.unload(bpf);
        }
    }

    /** Does the same with a map that may refuse; then the end of the map releases the object. */
    static void runRefusable(Kind kind, boolean inNmi, Machine machine, BpfObject bpf) throws IOException {
        stash(kind, machine, bpf);
        watchFree(kind, machine, bpf);
        machine.controls().atLeast("dropped-or-refused", bpf.global("answered"), 1);
        letGo(kind, inNmi, machine, bpf);
        if (machine.soon(() -> bpf.global("answered").get() == 1)) {
            machine.unload(bpf);
        }
    }

    /** Unloads the map with the object in it. The map ends after a grace period, while NMIs arrive. */
    static void free(Kind kind, Machine machine, BpfObject bpf) throws IOException {
        stash(kind, machine, bpf);
        watchFree(kind, machine, bpf);
        BpfObject nmis = machine.load("nmi_allocates.bpf.c");
        nmis.program("on_nmi").attach();
        machine.controls().atLeast("allocated", nmis.global("allocated"), 1);
        machine.churn(0);
        machine.unload(bpf);
        machine.nmi().storm().perSecond(PER_SECOND).jitter(0.5, 1).untilEvidence(STORM);
    }

    private static void watchFree(Kind kind, Machine machine, BpfObject bpf) throws IOException {
        BpfObject tracer = machine.load(kind.tracer);
        tracer.global("target").set(bpf.global("target").get());
        tracer.program("on_free").attach();
        machine.controls().freed(kind.freeing, tracer.global("freed"), 1);
    }

    private static void letGo(Kind kind, boolean inNmi, Machine machine, BpfObject bpf) throws IOException {
        // The case without NMIs needs the same load on RCU.
        machine.churn(0);
        if (!inNmi) {
            bpf.program("in_task").runOn(0);
            return;
        }
        bpf.program("on_nmi").attach();
        if (kind == Kind.CGROUP) {
            Cgroups.interruptWorkerOfCpu0(machine, bpf);
        } else {
            machine.nmi()
                    .aimAt("rcu_cblist_enqueue", "rcu_segcblist_enqueue")
                    .on(0)
                    .fire();
        }
    }

    private static void stash(Kind kind, Machine machine, BpfObject bpf) throws IOException {
        switch (kind) {
            case TASK -> {
                GuestProcess child = machine.spawnParked(1);
                bpf.global("target_pid").set(child.pid());
                run(bpf, "stash_object");
                child.exitAndReap();
                machine.await(
                        "the map holds the last reference",
                        () -> bpf.program("is_last_reference").run() == 1);
            }
            case CGROUP -> {
                Cgroups.make(machine, bpf);
                run(bpf, "stash_object");
                Cgroups.awaitLastReference(machine, bpf);
            }
            case CRYPTO, CPUMASK, LOCAL -> run(bpf, "stash_object");
        }
    }

    /** Runs a program on CPU 0, where NMIs arrive, because a per-CPU map has separate values. */
    private static void run(BpfObject bpf, String program) throws IOException {
        int result = bpf.program(program).runOn(0);
        if (result != 0) {
            throw new IllegalStateException(program + " returned " + result);
        }
    }
}
