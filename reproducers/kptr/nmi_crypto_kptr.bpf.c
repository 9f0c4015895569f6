// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define OBJECT_crypto
#if defined(CASE_array_overwrite)
#define MAP_TYPE BPF_MAP_TYPE_ARRAY
#define MAP_FLAGS 0
#define LET_GO by_overwrite
#elif defined(CASE_hash_overwrite)
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS BPF_F_NO_PREALLOC
#define LET_GO by_overwrite
#elif defined(CASE_hash_prealloc)
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS 0
#define LET_GO by_delete
#elif defined(CASE_task_storage)
#define TASK_STORAGE
#define LET_GO by_delete
#else
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS BPF_F_NO_PREALLOC
#define LET_GO by_delete
#endif
#define ENTRIES 4
#define CIPHER "ecb(aes)"
#define KEY_BYTES 16

#include "map_delete.bpf.h"

char LICENSE[] SEC("license") = "GPL";
