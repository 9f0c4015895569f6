// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

u64 n;

SEC("kprobe/finish_task_switch.isra.0")
int count(void *ctx)
{
	__sync_fetch_and_add(&n, 1);
	return 0;
}
