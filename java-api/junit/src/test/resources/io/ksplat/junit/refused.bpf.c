// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

u64 values[4];
u64 place;

SEC("syscall")
int out_of_bounds(void *ctx)
{
	return values[place];
}

char LICENSE[] SEC("license") = "GPL";
