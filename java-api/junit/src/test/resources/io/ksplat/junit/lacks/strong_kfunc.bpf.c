// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int bpf_kfunc_of_tomorrow(struct task_struct *p) __ksym;

SEC("syscall")
int lacking(void *ctx)
{
	return bpf_kfunc_of_tomorrow((void *)0);
}
