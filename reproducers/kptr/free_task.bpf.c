// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Traces the kernel's own final free, independently of the program under test. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "kptr.bpf.h"

u64 target;
u64 freed;

SEC("fentry/delayed_put_task_struct")
int on_free(void *ctx)
{
	if (within(argument(ctx, 0), target, sizeof(struct task_struct)))
		__sync_fetch_and_add(&freed, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
