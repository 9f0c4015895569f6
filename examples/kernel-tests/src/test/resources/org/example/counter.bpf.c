// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts its runs. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 runs;

SEC("syscall")
int count(void *ctx)
{
	__sync_fetch_and_add(&runs, 1);
	return 0;
}
