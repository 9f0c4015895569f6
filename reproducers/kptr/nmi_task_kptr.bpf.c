// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "kptr.bpf.h"

struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_task_release(struct task_struct *p) __ksym;

struct task_slot {
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct task_slot);
} stash SEC(".maps");

int target_pid;
u64 target;
u64 dropped;
u64 freed;

SEC("syscall")
int stash_task(void *ctx)
{
	struct task_struct *task, *old;
	struct task_slot *slot;
	int zero = 0;

	slot = bpf_map_lookup_elem(&stash, &zero);
	if (!slot)
		return -1;
	task = bpf_task_from_pid(target_pid);
	if (!task)
		return -2;
	target = (u64)task;
	old = bpf_kptr_xchg(&slot->task, task);
	if (old)
		bpf_task_release(old);
	return 0;
}

/* How many references keep the stashed task from being freed. */
SEC("syscall")
int references(void *ctx)
{
	struct task_struct *task = (void *)target;

	return BPF_CORE_READ(task, rcu_users.refs.counter);
}

SEC("tp_btf/nmi_handler")
int on_nmi(void *ctx)
{
	struct task_struct *task;
	struct task_slot *slot;
	int zero = 0;

	slot = bpf_map_lookup_elem(&stash, &zero);
	if (!slot)
		return 0;
	task = bpf_kptr_xchg(&slot->task, NULL);
	if (!task)
		return 0;
	bpf_task_release(task);
	__sync_fetch_and_add(&dropped, 1);
	return 0;
}

SEC("fentry/delayed_put_task_struct")
int on_free(void *ctx)
{
	if (within(argument(ctx, 0), target, sizeof(struct task_struct)))
		__sync_fetch_and_add(&freed, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
