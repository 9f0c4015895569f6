// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

u64 looked;

/* The task is gone, and the verifier does not know; the helper reads its stack's address. */
SEC("fexit/free_task")
int BPF_PROG(after_free, struct task_struct *task)
{
	bpf_task_pt_regs(task);
	__sync_fetch_and_add(&looked, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
