// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#if defined(CASE_resume) || defined(CASE_map_freed)
#define MODE resume
#else
#define MODE signal
#endif

/* The state in which the element is deleted (kernel/bpf/helpers.c, enum bpf_task_work_state). */
#if defined(CASE_delete_pending)
#define DELETED_IN BPF_TW_PENDING
#elif defined(CASE_delete_scheduling)
#define DELETED_IN BPF_TW_SCHEDULING
#elif defined(CASE_delete_scheduled)
#define DELETED_IN BPF_TW_SCHEDULED
#elif defined(CASE_delete_running)
#define DELETED_IN BPF_TW_RUNNING
#endif

typedef int (*callback)(struct bpf_map *map, void *key, void *value);

#define JOINED(a, b, c) a##b##c
#define NAME(mode, end) JOINED(bpf_task_work_schedule_, mode, end)
#ifdef HAS_bpf_task_work_schedule_signal
int NAME(MODE, )(struct task_struct *task, struct bpf_task_work *work, void *map, callback callback) __ksym;
#define SCHEDULE(task, work) NAME(MODE, )(task, work, &works, run)
#else
/* The verifier sets the last argument. */
int NAME(MODE, _impl)(struct task_struct *task, struct bpf_task_work *work, void *map, callback callback,
		      void *aux) __ksym;
#define SCHEDULE(task, work) NAME(MODE, _impl)(task, work, &works, run, NULL)
#endif
struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;

struct element {
	u64 used;
	struct bpf_task_work work;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct element);
} works SEC(".maps");

int target_pid;
u64 target;
u64 handled;
u64 scheduled;
u64 refused;
u64 ran;
u64 deleted;

static int run(struct bpf_map *map, void *key, void *value)
{
	/* A call at which the callback can be interrupted. */
	bpf_get_prandom_u32();
	__sync_fetch_and_add(&ran, 1);
	return 0;
}

SEC("syscall")
int make_element(void *ctx)
{
	struct element empty = {};
	int zero = 0;

	return bpf_map_update_elem(&works, &zero, &empty, BPF_ANY);
}

static __always_inline void schedule(struct task_struct *task)
{
	struct element *element;
	int zero = 0;

	element = bpf_map_lookup_elem(&works, &zero);
	if (!element)
		return;
	if (SCHEDULE(task, &element->work))
		__sync_fetch_and_add(&refused, 1);
	else
		__sync_fetch_and_add(&scheduled, 1);
}

#ifdef DELETED_IN
static __always_inline int state(void)
{
	struct bpf_task_work_kern *kern;
	struct bpf_task_work_ctx *work;
	struct element *element;
	int zero = 0;

	element = bpf_map_lookup_elem(&works, &zero);
	if (!element)
		return -1;
	kern = (void *)&element->work;
	if (bpf_probe_read_kernel(&work, sizeof(work), &kern->ctx) || !work)
		return -1;
	return BPF_CORE_READ(work, state);
}
#endif

static __always_inline bool is_target(void)
{
	return (bpf_get_current_pid_tgid() >> 32) == target_pid;
}

SEC("tp_btf/nmi_handler")
int on_nmi(void *ctx)
{
#if defined(DELETED_IN)
	int zero = 0;

#endif
#if !defined(DELETED_IN) || defined(CASE_delete_pending)
	if (is_target() && !scheduled)
		schedule(bpf_get_current_task_btf());
#endif
#if defined(DELETED_IN)
	if (!deleted && state() == DELETED_IN && !bpf_map_delete_elem(&works, &zero))
		__sync_fetch_and_add(&deleted, 1);
#endif
	__sync_fetch_and_add(&handled, 1);
	return 0;
}

/* Schedules continuously, so that there is something to interrupt. */
SEC("fentry/vfs_unlink")
int on_unlink(void *ctx)
{
	if (is_target())
		schedule(bpf_get_current_task_btf());
	return 0;
}

SEC("syscall")
int schedule_for_target(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(target_pid);

	if (!task)
		return -1;
	target = (u64)task;
	schedule(task);
	bpf_task_release(task);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
