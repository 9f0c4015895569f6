// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* The kernel's takes one number. */
extern struct task_struct *bpf_task_from_pid(struct file *f, int more) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

SEC("syscall")
int lacking(void *ctx)
{
	struct task_struct *t = bpf_task_from_pid(0, 1);

	if (t)
		bpf_task_release(t);
	return 0;
}
