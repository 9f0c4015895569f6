// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
#include <bpf/bpf_core_read.h>

struct task_struct___tomorrow {
	long field_of_tomorrow;
} __attribute__((preserve_access_index));

SEC("tp_btf/sched_switch")
int lacking(u64 *ctx)
{
	struct task_struct___tomorrow *task = (void *)ctx[1];

	return task->field_of_tomorrow;
}
