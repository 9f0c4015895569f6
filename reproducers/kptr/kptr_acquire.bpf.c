// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "kptr.bpf.h"

struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;
void bpf_rcu_read_lock(void) __ksym;
void bpf_rcu_read_unlock(void) __ksym;

#define ROUNDS 20000
#ifdef CASE_rcu
#define MOST_ROUNDS ROUNDS
#else
/* Enough rounds for the two to meet: on a busy host one CPU may run 100 ms before the other does. */
#define MOST_ROUNDS (64 * ROUNDS)
#endif
#define CPUS 2
#define PATIENCE (1 << 23)

struct holder {
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct holder);
} stash SEC(".maps");

int target_pid;
u64 target;
u64 acquired;
/* One variable per CPU: if one of them never finds the pointer, the two have not met. */
u64 acquired0, acquired1;
/* The element was found empty: another CPU had taken the pointer out for a moment. */
u64 lost;
/* The pointer was there, but its count was zero. */
u64 failed;
volatile u64 begun;
u64 ended;

SEC("syscall")
int stash_task(void *ctx)
{
	struct task_struct *task, *old;
	struct holder *holder;
	int zero = 0;

	holder = bpf_map_lookup_elem(&stash, &zero);
	if (!holder)
		return -1;
	task = bpf_task_from_pid(target_pid);
	if (!task)
		return -2;
	target = (u64)task;
	old = bpf_kptr_xchg(&holder->task, task);
	if (old)
		bpf_task_release(old);
	return 0;
}

static __always_inline void count_acquired(void)
{
	__sync_fetch_and_add(&acquired, 1);
	if (bpf_get_smp_processor_id())
		acquired1++;
	else
		acquired0++;
}

#if defined(CASE_rcu) || defined(CASE_without_rcu)
static long acquire(u64 i, void *ctx)
{
	struct task_struct *task, *mine = NULL;
	struct holder *holder;
	int zero = 0;

	holder = bpf_map_lookup_elem(&stash, &zero);
	if (!holder)
		return 1;
#ifdef CASE_rcu
	bpf_rcu_read_lock();
#endif
	task = holder->task;
	if (task) {
		mine = bpf_task_acquire(task);
		if (!mine)
			__sync_fetch_and_add(&failed, 1);
	} else {
		__sync_fetch_and_add(&lost, 1);
	}
#ifdef CASE_rcu
	bpf_rcu_read_unlock();
#endif
	if (mine) {
		count_acquired();
		bpf_task_release(mine);
	}
	return 0;
}
#else
/* Both have acquired it, and one has missed it. */
static __always_inline bool have_met(void)
{
	return lost && acquired0 && acquired1;
}

/* Take it out, count one more user, put it back. */
static long acquire(u64 i, void *ctx)
{
	struct task_struct *task, *mine, *old;
	struct holder *holder;
	int zero = 0;

	holder = bpf_map_lookup_elem(&stash, &zero);
	if (!holder)
		return 1;
	task = bpf_kptr_xchg(&holder->task, NULL);
	if (!task) {
		__sync_fetch_and_add(&lost, 1);
		return i >= ROUNDS && have_met();
	}
	mine = bpf_task_acquire(task);
	old = bpf_kptr_xchg(&holder->task, task);
	if (old)
		bpf_task_release(old);
	if (mine) {
		count_acquired();
		bpf_task_release(mine);
	} else {
		__sync_fetch_and_add(&failed, 1);
	}
	return i >= ROUNDS && have_met();
}
#endif

static long all_have_begun(u64 i, void *ctx)
{
	return begun == CPUS;
}

SEC("syscall")
int stress(void *ctx)
{
	__sync_fetch_and_add(&begun, 1);
	bpf_loop(PATIENCE, all_have_begun, NULL, 0);
	bpf_loop(MOST_ROUNDS, acquire, NULL, 0);
	__sync_fetch_and_add(&ended, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
