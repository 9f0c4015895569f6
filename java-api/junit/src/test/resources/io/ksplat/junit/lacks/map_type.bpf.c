// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, 999);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} map_of_tomorrow SEC(".maps");

SEC("syscall")
int lacking(void *ctx)
{
	return 0;
}
