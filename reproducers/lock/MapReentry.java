// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.lock;

import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.DEADLOCK;
import static io.ksplat.evidence.Verdict.RECOVERED;
import static io.ksplat.evidence.Verdict.UNSUPPORTED;

import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfProgram;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Case;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The name of a case is the kind of map and, if it is not the same map, what is entered again; see map_reentry.bpf.c.
 */
@Reproducer(
        id = "map-reentry",
        bpf = "map_reentry.bpf.c",
        shows =
                "a map's update is entered again by a program that traces, or interrupts, a function under the map's lock",
        seed = "Resilient Queued Spin Lock")
@Needs(
        cases = {"hash", "hash-other-map", "hash-abba", "hash-abba-same-order"},
        functions = "alloc_htab_elem")
@Needs(
        cases = {"lru", "lru-other-map"},
        functions = "htab_lru_map_delete_node")
@Needs(
        cases = {"queue", "queue-other-map", "stack", "stack-other-map"},
        functions = "native_queued_spin_lock_slowpath|queued_spin_lock_slowpath|__pv_queued_spin_lock_slowpath")
@Needs(
        cases = {"task-storage", "task-storage-other-task"},
        functions = {"bpf_selem_unlink", "register_fprobe_ips"})
@Expect(
        verdict = UNSUPPORTED,
        cases = {"task-storage", "task-storage-other-task"},
        kernels = "[0,6.2)",
        because = "built without fprobe, by which a program finds the copy that the compiler made of a function")
@Expect(
        verdict = CLEAN,
        cases = "task-storage",
        kernels = "[6.2,7.0)",
        because = "a count of each CPU's accesses makes the inner one fail with -EBUSY before it takes the lock")
@Expect(
        verdict = CLEAN,
        cases = {
            "hash-other-map",
            "lru-other-map",
            "lpm-trie-other-map",
            "queue-other-map",
            "stack-other-map",
            "task-storage-other-task",
            "hash-abba-same-order"
        },
        because = "another map, or another task, has another lock, and one order makes no cycle")
@Expect(
        verdict = CLEAN,
        cases = {"queue", "stack"},
        kernels = "[6.16,)",
        because = "a resilient lock refuses, which the map reports as -EBUSY")
@Expect(
        verdict = CLEAN,
        cases = "hash",
        kernels = "[0,6.15)",
        because = "a count of each CPU's updates makes the inner one fail with -EBUSY before it takes the lock")
@Expect(
        verdict = CLEAN,
        cases = "lru",
        kernels = "[7.1.7,)",
        because = "a resilient lock refuses, which the map reports as -ENOMEM")
@Expect(
        verdict = DEADLOCK,
        cases = "lru",
        because = "the LRU list's lock was still a spin lock when the bucket's was resilient")
@Expect(
        verdict = DEADLOCK,
        kernels = "[0,6.15)",
        because = "a spin lock waits for its own CPU, or in a circle, for ever")
@Expect(verdict = RECOVERED, kernels = "[6.15,)", because = "a resilient lock refuses with -EDEADLK")
class MapReentry {
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"hash", "hash-other-map", "lru", "lru-other-map", "lpm-trie", "lpm-trie-other-map"})
    void updateEnteredAgain(String name, Machine machine, BpfObject bpf) throws IOException {
        bpf.program("fill").runOn(0);
        watch(1, machine, bpf);
        bpf.program("update_first").startOn(0);
        if (name.startsWith("lpm-trie")) {
            machine.nmi()
                    .aimAt("longest_prefix_match.isra.0", "longest_prefix_match")
                    .on(0)
                    .fire();
        }
    }

    /**
     * On a spin lock, the CPU that waited for it enters again. If the map has no spin lock, an NMI interrupts the
     * copying of a value.
     */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"queue", "queue-other-map", "stack", "stack-other-map"})
    void pushEnteredAgain(String name, Machine machine, BpfObject bpf) throws IOException {
        watch(1, machine, bpf);
        bpf.program("under_guests_lock").attach();
        // Before CPU 0 is busy: to attach takes an answer from every CPU.
        bpf.program("on_nmi").attach();
        bpf.program("update_first").startOn(0);
        if (!machine.eventually(() -> bpf.global("pushed").get() > 0)) {
            return;
        }
        if (bpf.global("spinning").get() != 0) {
            bpf.program("update_first").startOn(1);
            machine.eventually(() -> bpf.global("reentered").get() > 0);
        } else {
            machine.nmi()
                    .aimAt("memcpy")
                    .on(0)
                    .inCallsOf("queue_stack_map_push_elem")
                    .fire();
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"task-storage", "task-storage-other-task"})
    void storageEnteredAgain(String name, Machine machine, BpfObject bpf) throws IOException {
        watch(1, machine, bpf);
        bpf.program("update_first").startOn(0);
    }

    @Case("hash-abba")
    @Test
    void twoMapsInOppositeOrders(Machine machine, BpfObject bpf) throws IOException {
        machine.controls().atLeast("both-held", bpf.global("both_held"), 1);
        race(machine, bpf);
    }

    @Case("hash-abba-same-order")
    @Test
    void twoMapsInOneOrder(Machine machine, BpfObject bpf) throws IOException {
        race(machine, bpf);
    }

    private static void race(Machine machine, BpfObject bpf) throws IOException {
        watch(2, machine, bpf);
        BpfProgram.startTogether(
                bpf.program("update_first").on(0), bpf.program("update_second").on(1));
    }

    private static void watch(int cpus, Machine machine, BpfObject bpf) throws IOException {
        bpf.program("under_lock").attach();
        machine.controls()
                .atLeast("reentered", bpf.global("reentered"), cpus)
                .atLeast("completed", bpf.global("completed"), cpus);
        machine.programReports().refused("a map's update under a map's lock", bpf.global("result"));
    }
}
