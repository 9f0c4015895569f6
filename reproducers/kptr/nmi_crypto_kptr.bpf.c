// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define OBJECT_crypto
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define MAP_FLAGS BPF_F_NO_PREALLOC
#define ENTRIES 4
#define LET_GO by_delete
#define CIPHER "ecb(aes)"
#define KEY_BYTES 16

#include "map_delete.bpf.h"

char LICENSE[] SEC("license") = "GPL";
