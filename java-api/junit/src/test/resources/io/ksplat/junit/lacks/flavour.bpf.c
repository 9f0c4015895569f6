// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern struct task_struct *bpf_task_from_pid___tomorrow(struct file *f, int more) __ksym __weak;
extern struct task_struct *bpf_task_from_pid___today(s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *p) __ksym __weak;

SEC("syscall")
int touch(void *ctx)
{
	struct task_struct *t = 0;

	if (bpf_task_from_pid___tomorrow)
		t = bpf_task_from_pid___tomorrow(0, 1);
	else if (bpf_task_from_pid___today)
		t = bpf_task_from_pid___today(1);
	if (t)
		bpf_task_release(t);
	return !t;
}
