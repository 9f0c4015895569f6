// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.hunt.Operation.Preparation;
import java.util.ArrayList;
import java.util.List;

/** What a hunt tries, family by family; {@code reproducers/operations/} has the BPF C of each. */
final class OperationList {
    private static final String CALL_RCU = "rcu_nocbs=all rcutree.enable_rcu_lazy=0";
    private static final List<String> HASHES = List.of(
            "hash",
            "hash-prealloc",
            "lru-hash",
            "lru-hash-percpu-lists",
            "lru-percpu-hash",
            "lru-percpu-hash-percpu-lists",
            "percpu-hash",
            "percpu-hash-malloc");
    private static final List<String> ARRAYS = List.of("array", "percpu-array");
    private static final List<String> HELPERS = List.of(
            "trace-printk",
            "trace-vprintk",
            "snprintf",
            "snprintf-btf",
            "strtol",
            "strtoul",
            "strncmp",
            "ringbuf-output",
            "ringbuf-submit",
            "ringbuf-discard",
            "ringbuf-query",
            "perf-event-output",
            "perf-event-read-value",
            "send-signal",
            "send-signal-thread",
            "probe-read-kernel",
            "probe-read-kernel-str",
            "probe-read-user",
            "probe-read-user-str",
            "probe-write-user",
            "copy-from-user",
            "get-stack",
            "get-stack-build-id",
            "get-task-stack",
            "get-branch-snapshot",
            "get-current-comm",
            "get-current-pid-tgid",
            "get-ns-current-pid-tgid",
            "get-current-uid-gid",
            "get-current-task",
            "task-pt-regs",
            "get-current-cgroup-id",
            "get-current-ancestor-cgroup-id",
            "current-task-under-cgroup",
            "find-vma",
            "d-path",
            "ktime-get-ns",
            "ktime-get-boot-ns",
            "ktime-get-coarse-ns",
            "jiffies64",
            "get-prandom-u32",
            "get-numa-node-id",
            "get-func-ip",
            "get-attach-cookie",
            "per-cpu-ptr",
            "this-cpu-ptr",
            "loop",
            "tail-call",
            "spin-lock",
            "override-return");

    private final List<Operation> all = new ArrayList<>();

    private OperationList() {}

    /** Returns all. */
    static List<Operation> make() {
        OperationList list = new OperationList();
        list.keyedMaps();
        list.otherMaps();
        list.storage();
        list.helpers();
        list.references();
        list.objects();
        list.iterators();
        list.memory();
        list.deferred();
        list.rest();
        return List.copyOf(list.all);
    }

    private void add(Operation operation) {
        all.add(operation);
    }

    private void keyedMaps() {
        for (String action : List.of("update", "delete", "lookup")) {
            HASHES.forEach(kind -> add(Operation.of("map-" + action + "/" + kind, "map")));
            add(Operation.of("map-" + action + "/lpm-trie", "map"));
            add(Operation.of("map-" + action + "/rhash", "map").needs("rhtab_map_alloc"));
        }
        for (String action : List.of("update", "lookup")) {
            ARRAYS.forEach(kind -> add(Operation.of("map-" + action + "/" + kind, "map")));
        }
        for (String kind : List.of("percpu-hash", "lru-percpu-hash", "percpu-array")) {
            add(Operation.of("map-lookup-percpu/" + kind, "map"));
        }
        HASHES.forEach(kind -> add(Operation.of("map-for-each/" + kind, "map")));
        ARRAYS.forEach(kind -> add(Operation.of("map-for-each/" + kind, "map")));
    }

    private void otherMaps() {
        for (String action : List.of("push", "pop", "peek")) {
            add(Operation.of("map-" + action + "/queue", "queue"));
            add(Operation.of("map-" + action + "/stack", "queue"));
        }
        add(Operation.of("map-push/bloom-filter", "queue"));
        add(Operation.of("map-peek/bloom-filter", "queue"));
        for (String action : List.of("lookup", "update")) {
            add(Operation.of("map-" + action + "/array-of-maps", "inner_map"));
            add(Operation.of("map-" + action + "/hash-of-maps", "inner_map"));
        }
        for (String kind : List.of("kernel", "user", "user-build-id")) {
            add(Operation.of("stack-map/" + kind, "stack_map"));
        }
    }

    private void storage() {
        for (String action : List.of("lookup", "create", "delete")) {
            add(Operation.of("storage-" + action + "/task", "storage"));
            add(Operation.of("storage-" + action + "/cgroup", "storage").needs("bpf_cgrp_storage_get"));
        }
        add(Operation.of("storage-lookup/inode", "storage").needs("bpf_inode_storage_get"));
    }

    private void helpers() {
        HELPERS.forEach(helper -> add(Operation.of("helper/" + helper, "helper")));
        add(Operation.of("helper/ktime-get-tai-ns", "helper").needs("bpf_ktime_get_tai_ns"));
        add(Operation.of("helper/user-ringbuf-drain", "helper").needs("bpf_user_ringbuf_drain"));
    }

    private void references() {
        for (String action : List.of("drop", "delete", "overwrite")) {
            add(last(action, "task", Preparation.DEAD_TASKS, "bpf_task_from_pid"));
            add(last(action, "cgroup", Preparation.DEAD_CGROUPS, "bpf_cgroup_acquire"));
            add(last(action, "crypto-ctx", Preparation.EACH_OBJECT, "bpf_crypto_ctx_create"));
            add(last(action, "cpumask", Preparation.EACH_OBJECT, "bpf_cpumask_create"));
        }
        add(reference("task-acquire", "bpf_task_acquire", "bpf_task_release"));
        add(reference("task-from-pid", "bpf_task_from_pid", "bpf_task_release"));
        add(reference("task-from-vpid", "bpf_task_from_vpid", "bpf_task_release"));
        add(reference("task-under-cgroup", "bpf_task_under_cgroup", "bpf_cgroup_from_id"));
        add(reference("task-cgroup1", "bpf_task_get_cgroup1"));
        add(reference("cgroup-from-id", "bpf_cgroup_from_id", "bpf_cgroup_release"));
        add(reference("cgroup-acquire", "bpf_cgroup_acquire", "bpf_cgroup_from_id"));
        add(reference("cgroup-ancestor", "bpf_cgroup_ancestor", "bpf_cgroup_from_id"));
        add(reference("root-mem-cgroup", "bpf_get_root_mem_cgroup", "bpf_put_mem_cgroup", "bpf_mem_cgroup_usage"));
        add(reference("kmem-cache", "bpf_get_kmem_cache"));
        add(reference("exe-file", "bpf_get_task_exe_file", "bpf_put_file"));
        add(reference("send-signal", "bpf_send_signal_task"));
        add(reference("rstat-updated", "css_rstat_updated|cgroup_rstat_updated", "bpf_cgroup_from_id"));
        add(reference("rstat-flush", "css_rstat_flush|cgroup_rstat_flush", "bpf_cgroup_from_id"));
    }

    private static Operation last(String action, String variant, Preparation preparation, String acquire) {
        return Operation.of("kptr-" + action + "/" + variant, "kptr_drop")
                .calls(acquire, "bpf_" + variant.replace('-', '_') + "_release")
                .prepared(CALL_RCU, preparation);
    }

    private static Operation reference(String variant, String... kfuncs) {
        return Operation.of("reference/" + variant, "reference").calls(kfuncs);
    }

    private void objects() {
        add(object("new-drop", "bpf_obj_new_impl", "bpf_obj_drop_impl"));
        add(object("exchange", "bpf_obj_new_impl", "bpf_obj_drop_impl"));
        add(object("refcount", "bpf_obj_new_impl", "bpf_obj_drop_impl", "bpf_refcount_acquire_impl"));
        add(object("percpu-new-drop", "bpf_percpu_obj_new_impl", "bpf_percpu_obj_drop_impl"));
        add(Operation.of("linked/lock", "linked").calls("bpf_res_spin_lock"));
        add(linked("list-push", "bpf_res_spin_lock", "bpf_list_push_front_impl"));
        add(linked("list-move", "bpf_res_spin_lock", "bpf_list_pop_front"));
        add(linked("list-push-spin-lock", "bpf_obj_new_impl", "bpf_list_push_front_impl"));
        add(linked("tree-add", "bpf_res_spin_lock", "bpf_rbtree_add_impl"));
        add(linked("tree-move", "bpf_res_spin_lock", "bpf_rbtree_remove"));
        for (String variant : List.of("create", "acquire", "bits", "sets")) {
            add(cpumask(variant, "bpf_cpumask_create"));
        }
        add(cpumask("any", "bpf_cpumask_any_distribute", "bpf_cpumask_first_and", "bpf_cpumask_weight"));
        add(cpumask("populate", "bpf_cpumask_populate"));
        add(Operation.of("crypto/acquire", "crypto").calls("bpf_crypto_ctx_create", "bpf_crypto_ctx_acquire"));
        add(Operation.of("crypto/encrypt", "crypto").calls("bpf_crypto_ctx_create", "bpf_crypto_encrypt"));
        add(Operation.of("crypto/decrypt", "crypto").calls("bpf_crypto_ctx_create", "bpf_crypto_decrypt"));
    }

    private static Operation object(String variant, String... kfuncs) {
        return Operation.of("object/" + variant, "object").calls(kfuncs);
    }

    private static Operation linked(String variant, String... kfuncs) {
        return Operation.of("linked/" + variant, "linked").calls(kfuncs);
    }

    private static Operation cpumask(String variant, String... kfuncs) {
        return Operation.of("cpumask/" + variant, "cpumask").calls(kfuncs);
    }

    private void iterators() {
        for (String kind : List.of("num", "bits", "task", "task-vma", "css", "css-task", "kmem-cache", "dmabuf")) {
            add(Operation.of("iterator/" + kind, "iterator").calls("bpf_iter_" + kind.replace('-', '_') + "_new"));
        }
    }

    private void memory() {
        for (String kind : List.of("memory", "ringbuf-submit", "ringbuf-discard")) {
            add(Operation.of("dynptr/" + kind, "dynptr").needs("bpf_dynptr_write"));
        }
        add(Operation.of("dynptr/slice", "dynptr").calls("bpf_dynptr_slice"));
        add(Operation.of("dynptr/slice-rdwr", "dynptr").calls("bpf_dynptr_slice_rdwr"));
        add(Operation.of("dynptr/clone", "dynptr").calls("bpf_dynptr_clone", "bpf_dynptr_adjust"));
        add(Operation.of("dynptr/copy", "dynptr").calls("bpf_dynptr_copy", "bpf_dynptr_memset"));
        add(Operation.of("dynptr/probe-read", "dynptr")
                .calls("bpf_probe_read_kernel_dynptr", "bpf_probe_read_user_dynptr"));
        add(Operation.of("dynptr/copy-from-user", "dynptr").calls("bpf_copy_from_user_dynptr"));
        add(Operation.of("arena/alloc-free", "arena").calls("bpf_arena_alloc_pages", "bpf_arena_free_pages"));
        add(Operation.of("arena/reserve", "arena").calls("bpf_arena_reserve_pages"));
        add(Operation.of("string/compare", "string")
                .calls("bpf_strcmp", "bpf_strlen", "bpf_strnlen", "bpf_strcasecmp"));
        add(Operation.of("string/search", "string").calls("bpf_strchr", "bpf_strspn", "bpf_strnstr"));
    }

    private void deferred() {
        for (String action : List.of("init", "start", "cancel")) {
            add(Operation.of("timer-" + action + "/timer", "deferred"));
        }
        add(Operation.of("timer-cancel-async/timer", "deferred").calls("bpf_timer_cancel_async"));
        for (String action : List.of("init", "start")) {
            add(Operation.of("workqueue-" + action + "/workqueue", "deferred")
                    .calls("bpf_wq_init", "bpf_wq_start", "bpf_wq_set_callback|bpf_wq_set_callback_impl"));
        }
        for (String mode : List.of("signal", "resume")) {
            String kfunc = "bpf_task_work_schedule_" + mode;
            add(Operation.of("task-work-schedule/task-work-" + mode, "deferred").calls(kfunc + "|" + kfunc + "_impl"));
        }
    }

    private void rest() {
        add(Operation.of("stream/vprintk", "stream").calls("bpf_stream_vprintk|bpf_stream_vprintk_impl"));
        add(Operation.of("stream/print-stack", "stream").calls("bpf_stream_print_stack"));
        add(Operation.of("section/rcu", "section").calls("bpf_rcu_read_lock"));
        add(Operation.of("section/preempt", "section").calls("bpf_preempt_disable"));
        add(Operation.of("section/irq", "section").calls("bpf_local_irq_save"));
    }
}
