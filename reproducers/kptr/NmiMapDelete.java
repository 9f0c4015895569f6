// SPDX-License-Identifier: Apache-2.0
package io.ksplat.reproducers.kptr;

import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.DEADLOCK;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.junit.Expect;
import io.ksplat.junit.Needs;
import io.ksplat.junit.Reproducer;
import java.io.IOException;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The name of a case is the object, the map and, if it is not a delete, the operation; see nmi_map_delete.bpf.c. */
@Reproducer(
        id = "nmi-map-delete",
        bpf = "nmi_map_delete.bpf.c",
        shows = "a map lets go of the last reference to an object in NMI: delete, overwrite, eviction",
        seed = "bpf: Offload kptr destructors that run from NMI")
@Needs(
        kfuncs = {
            "bpf_task_from_pid",
            "bpf_task_release",
            "bpf_cgroup_acquire",
            "bpf_cgroup_release",
            "bpf_cpumask_create",
            "bpf_cpumask_release"
        },
        functions = {"delayed_put_task_struct", "css_free_rwork_fn"},
        boot = "rcu_nocbs=all rcutree.enable_rcu_lazy=0")
@Needs(
        cases = "local-hash",
        kfuncs = {"bpf_obj_new_impl", "bpf_obj_drop_impl"})
@Expect(
        verdict = CLEAN,
        cases = {
            "cpumask-hash",
            "local-hash",
            "task-hash-in-task",
            "cgroup-hash-in-task",
            "cgroup-lru-in-task",
            "cgroup-array-overwrite-in-task",
            "cgroup-task-storage-in-task",
            "task-hash-map-freed",
            "cgroup-hash-map-freed"
        },
        kernels = "[6.3,)",
        because = "a safe object, or no lock is held by the code that releases it")
@Expect(
        verdict = CLEAN,
        cases = {"task-task-storage", "cgroup-task-storage"},
        kernels = "[6.16,7.0)",
        because = "task storage leaves the destructor to a grace period")
@Expect(
        verdict = CLEAN,
        cases = {"task-task-storage", "cgroup-task-storage"},
        kernels = "[7.0,)",
        because = "task storage refuses in NMI, with -EOPNOTSUPP")
@Expect(verdict = DEADLOCK, kernels = "[6.3,7.1.7)", because = "the map calls the object's destructor at once")
@Expect(
        verdict = CLEAN,
        kernels = "[7.1.7,)",
        because = "the destructor waits until the element's memory is given back")
class NmiMapDelete {

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "task-hash",
                "task-hash-prealloc",
                "task-percpu-hash",
                "task-array-overwrite",
                "cgroup-hash",
                "cgroup-hash-prealloc",
                "cgroup-lru",
                "cgroup-array-overwrite",
                "cgroup-hash-overwrite",
                "cpumask-hash",
                "task-hash-in-task",
                "cgroup-hash-in-task",
                "cgroup-lru-in-task",
                "cgroup-array-overwrite-in-task",
                "local-hash"
            })
    void lastReferenceDropped(String name, Machine machine, BpfObject bpf) throws IOException {
        MapDelete.run(kind(name), !name.endsWith("-in-task"), machine, bpf);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"task-task-storage", "cgroup-task-storage", "cgroup-task-storage-in-task"})
    void storageDeleted(String name, Machine machine, BpfObject bpf) throws IOException {
        MapDelete.runRefusable(kind(name), !name.endsWith("-in-task"), machine, bpf);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"task-hash-map-freed", "cgroup-hash-map-freed"})
    void mapFreedWhileNmisArrive(String name, Machine machine, BpfObject bpf) throws IOException {
        MapDelete.free(kind(name), machine, bpf);
    }

    private static MapDelete.Kind kind(String name) {
        return MapDelete.Kind.valueOf(name.substring(0, name.indexOf('-')).toUpperCase(Locale.ROOT));
    }
}
