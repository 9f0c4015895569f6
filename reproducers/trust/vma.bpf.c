// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The iterator over the memory of tasks keeps mmap_lock, for reading, while its program runs. What a sleepable program reads of
 * that memory takes it again, and waits behind a writer, which waits for the iterator.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* kernel/locking/rwsem.c: RWSEM_FLAG_WAITERS */
#define WAITERS 2
#define PATIENCE (1 << 22)

/* Whose memory; 0: that of whoever reads the iterator. */
int whose;
u64 holding;
u64 waits;
u64 read_again;

static long writer_waits(u32 i, struct task_struct **task)
{
	if (!(BPF_CORE_READ(*task, mm, mmap_lock.count.counter) & WAITERS))
		return 0;
	waits = 1;
	return 1;
}

SEC("iter.s/task_vma")
int read_twice(struct bpf_iter__task_vma *ctx)
{
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *task = ctx->task, *copy = task;
	char byte;

	if (!task || !vma || holding)
		return 0;
	if (task->tgid != (whose ? whose : bpf_get_current_pid_tgid() >> 32))
		return 0;
	holding = 1;
	bpf_loop(PATIENCE, writer_waits, &copy, 0);
	bpf_copy_from_user_task(&byte, sizeof(byte), (void *)vma->vm_start, task, 0);
	read_again = 1;
	return 0;
}
