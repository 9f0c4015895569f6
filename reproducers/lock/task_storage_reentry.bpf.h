/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Task storage. */
#ifndef TASK_STORAGE_REENTRY_BPF_H
#define TASK_STORAGE_REENTRY_BPF_H

#include "reentry.bpf.h"

struct storage {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
};

/* A task has one lock for the storage of all maps. */
struct storage first SEC(".maps"), second SEC(".maps");

/* Called with the task's lock held; the compiler may have made a copy of it. */
SEC("kprobe.multi/bpf_selem_unlink_storage_nolock*")
int under_lock(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!enters_again())
		return 0;
#ifdef CASE_task_storage_other_task
	task = task->real_parent;
#endif
	told(bpf_task_storage_delete(&second, task));
	return 0;
}

SEC("raw_tp")
int update_first(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 me = bpf_get_smp_processor_id();

	bpf_task_storage_get(&first, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	bpf_task_storage_get(&second, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	set_inside(me, 1);
	bpf_task_storage_delete(&first, task);
	set_inside(me, 0);
	__sync_fetch_and_add(&completed, 1);
	return 0;
}

#endif
