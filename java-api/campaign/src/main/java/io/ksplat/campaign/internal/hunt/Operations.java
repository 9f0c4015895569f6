// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.hunt.Operation.Preparation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The operations that a hunt knows. Their BPF C lies in {@code reproducers/operations/}. */
public final class Operations {
    private static final String CALL_RCU = "rcu_nocbs=all rcutree.enable_rcu_lazy=0";
    private static final List<String> KEYED = List.of(
            "hash", "hash-prealloc", "lru-hash", "lru-hash-percpu-lists", "lru-percpu-hash", "percpu-hash", "lpm-trie");
    private static final List<String> HELPERS = List.of(
            "trace-printk",
            "trace-vprintk",
            "snprintf",
            "ringbuf-output",
            "ringbuf-submit",
            "ringbuf-discard",
            "ringbuf-query",
            "probe-read-kernel",
            "get-current-comm",
            "get-current-cgroup-id");
    private static final Map<String, Operation> ALL = all();

    private Operations() {}

    private static Map<String, Operation> all() {
        List<Operation> all = new ArrayList<>();
        for (String action : List.of("update", "delete", "lookup")) {
            KEYED.forEach(kind -> all.add(plain("map-" + action + "/" + kind, "map")));
        }
        for (String action : List.of("update", "lookup")) {
            all.add(plain("map-" + action + "/array", "map"));
            all.add(plain("map-" + action + "/percpu-array", "map"));
        }
        for (String action : List.of("push", "pop", "peek")) {
            all.add(plain("map-" + action + "/queue", "queue"));
            all.add(plain("map-" + action + "/stack", "queue"));
        }
        all.add(plain("map-push/bloom-filter", "queue"));
        all.add(plain("map-peek/bloom-filter", "queue"));
        for (String action : List.of("lookup", "update")) {
            all.add(plain("map-" + action + "/array-of-maps", "inner_map"));
            all.add(plain("map-" + action + "/hash-of-maps", "inner_map"));
        }
        for (String action : List.of("lookup", "create")) {
            all.add(plain("storage-" + action + "/task", "storage"));
            all.add(new Operation(
                    "storage-" + action + "/cgroup",
                    "storage",
                    List.of(),
                    List.of("bpf_cgrp_storage_get"),
                    "",
                    Preparation.ONCE));
        }
        all.add(drop("task", Preparation.DEAD_TASKS, "bpf_task_from_pid"));
        all.add(drop("cgroup", Preparation.DEAD_CGROUPS, "bpf_cgroup_acquire"));
        all.add(drop("crypto-ctx", Preparation.EACH_OBJECT, "bpf_crypto_ctx_create"));
        all.add(drop("cpumask", Preparation.EACH_OBJECT, "bpf_cpumask_create"));
        HELPERS.forEach(helper -> all.add(plain("helper/" + helper, "helper")));
        Map<String, Operation> byName = new LinkedHashMap<>();
        all.forEach(operation -> byName.put(operation.name(), operation));
        return Collections.unmodifiableMap(byName);
    }

    private static Operation plain(String name, String file) {
        return new Operation(name, file, List.of(), List.of(), "", Preparation.ONCE);
    }

    private static Operation drop(String variant, Preparation preparation, String acquire) {
        return new Operation(
                "kptr-drop/" + variant,
                "kptr_drop",
                List.of(acquire, "bpf_" + variant.replace('-', '_') + "_release"),
                List.of(),
                CALL_RCU,
                preparation);
    }

    /**
     * Returns the operations that are meant: by their names, or by the names of families; all if nothing is named.
     *
     * @throws IllegalArgumentException if there is none of a name
     */
    public static List<Operation> named(List<String> names) {
        if (names.isEmpty()) {
            return List.copyOf(ALL.values());
        }
        Set<Operation> meant = new LinkedHashSet<>();
        for (String name : names) {
            List<Operation> found = ALL.values().stream()
                    .filter(operation ->
                            operation.name().equals(name) || operation.family().equals(name))
                    .toList();
            if (found.isEmpty()) {
                throw new IllegalArgumentException(
                        "there is no operation " + name + "; there are: " + String.join(", ", ALL.keySet()));
            }
            meant.addAll(found);
        }
        return List.copyOf(meant);
    }
}
