// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(no_such_attribute, 1);
} odd SEC(".maps");

SEC("syscall")
int any(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&odd, &key) ? 1 : 0;
}
