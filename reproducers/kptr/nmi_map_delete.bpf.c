// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* The name of a case is object, map and operation. */
#if defined(CASE_task_hash) || defined(CASE_task_hash_in_task) || defined(CASE_task_hash_map_freed)
#define OBJECT_task
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS BPF_F_NO_PREALLOC
#define LET_GO by_delete
#elif defined(CASE_task_hash_prealloc)
#define OBJECT_task
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS 0
#define LET_GO by_delete
#elif defined(CASE_task_percpu_hash)
#define OBJECT_task
#define MAP_TYPE BPF_MAP_TYPE_PERCPU_HASH
#define MAP_FLAGS 0
#define LET_GO by_delete
#elif defined(CASE_task_array_overwrite)
#define OBJECT_task
#define MAP_TYPE BPF_MAP_TYPE_ARRAY
#define MAP_FLAGS 0
#define LET_GO by_overwrite
#elif defined(CASE_cgroup_hash) || defined(CASE_cgroup_hash_in_task) || defined(CASE_cgroup_hash_map_freed)
#define OBJECT_cgroup
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS BPF_F_NO_PREALLOC
#define LET_GO by_delete
#elif defined(CASE_cgroup_hash_prealloc)
#define OBJECT_cgroup
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS 0
#define LET_GO by_delete
#elif defined(CASE_cgroup_lru) || defined(CASE_cgroup_lru_in_task)
#define OBJECT_cgroup
#define MAP_TYPE BPF_MAP_TYPE_LRU_HASH
#define MAP_FLAGS 0
#define LET_GO by_eviction
#elif defined(CASE_cgroup_array_overwrite) || defined(CASE_cgroup_array_overwrite_in_task)
#define OBJECT_cgroup
#define MAP_TYPE BPF_MAP_TYPE_ARRAY
#define MAP_FLAGS 0
#define LET_GO by_overwrite
#elif defined(CASE_cgroup_hash_overwrite)
#define OBJECT_cgroup
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS BPF_F_NO_PREALLOC
#define LET_GO by_overwrite
#elif defined(CASE_cpumask_hash)
#define OBJECT_cpumask
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS BPF_F_NO_PREALLOC
#define LET_GO by_delete
#elif defined(CASE_local_hash)
#define OBJECT_local
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS BPF_F_NO_PREALLOC
#define LET_GO by_delete
#elif defined(CASE_task_task_storage)
#define OBJECT_task
#define TASK_STORAGE
#define LET_GO by_delete
#elif defined(CASE_cgroup_task_storage) || defined(CASE_cgroup_task_storage_in_task)
#define OBJECT_cgroup
#define TASK_STORAGE
#define LET_GO by_delete
#else
#error "no such case"
#endif

#define ENTRIES 4

#include "map_delete.bpf.h"

char LICENSE[] SEC("license") = "GPL";
