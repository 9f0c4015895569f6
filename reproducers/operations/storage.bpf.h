/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Local storage of the current task, of its control group, and of the inode of its directory. Define ACTION_* and VARIANT_* before including it. */
#include "operation.bpf.h"

#ifndef STORAGE_BPF_H
#define STORAGE_BPF_H

#if defined(VARIANT_task)
#define MAP_TYPE BPF_MAP_TYPE_TASK_STORAGE
#define OWNER struct task_struct
#define GET bpf_task_storage_get
#define DELETE bpf_task_storage_delete
#elif defined(VARIANT_cgroup)
#define MAP_TYPE BPF_MAP_TYPE_CGRP_STORAGE
#define OWNER struct cgroup
#define GET bpf_cgrp_storage_get
#define DELETE bpf_cgrp_storage_delete
#elif defined(VARIANT_inode)
#define MAP_TYPE BPF_MAP_TYPE_INODE_STORAGE
#define OWNER struct inode
#define GET bpf_inode_storage_get
#define DELETE bpf_inode_storage_delete
#endif

struct {
	__uint(type, MAP_TYPE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} map SEC(".maps");

static __always_inline OWNER *owner(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

#if defined(VARIANT_task)
	return task;
#elif defined(VARIANT_inode)
	return task->fs->pwd.dentry->d_inode;
#else
	return task->cgroups->dfl_cgrp;
#endif
}

#endif

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
#if defined(ACTION_delete)
	if (!GET(&map, owner(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return -1;
	return DELETE(&map, owner());
#endif
#if defined(ACTION_create)
	DELETE(&map, owner());
#endif
	return GET(&map, owner(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE) ? 0 : -1;
}
