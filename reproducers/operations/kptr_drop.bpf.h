/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Last references to objects of the kernel, one a turn: dropped by exchange and release, or by the destructor when the element
 * that holds it is deleted or overwritten. Define ACTION_* and VARIANT_* before including it.
 */
#if !defined(PAUSE_NS) && !defined(PLACES)
#define PAUSE_NS 100000000
#endif
#include "operation.bpf.h"

#ifndef KPTR_DROP_BPF_H
#define KPTR_DROP_BPF_H

#if defined(VARIANT_task)
struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;
#define OBJECT struct task_struct
#define RELEASE bpf_task_release
#elif defined(VARIANT_cgroup)
struct cgroup *bpf_cgroup_acquire(struct cgroup *cgroup) __ksym;
void bpf_cgroup_release(struct cgroup *cgroup) __ksym;
#define OBJECT struct cgroup
#define RELEASE bpf_cgroup_release
#elif defined(VARIANT_crypto_ctx)
struct bpf_crypto_ctx *bpf_crypto_ctx_create(const struct bpf_crypto_params *params, u32 params__sz, int *err) __ksym;
void bpf_crypto_ctx_release(struct bpf_crypto_ctx *context) __ksym;
#define OBJECT struct bpf_crypto_ctx
#define RELEASE bpf_crypto_ctx_release
#elif defined(VARIANT_cpumask)
struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym;
#define OBJECT struct bpf_cpumask
#define RELEASE bpf_cpumask_release
#endif

#define OBJECTS 32

struct object_slot {
	OBJECT __kptr *object;
};

struct {
#if defined(ACTION_delete) || defined(OTHER)
	__uint(type, BPF_MAP_TYPE_HASH);
#else
	__uint(type, BPF_MAP_TYPE_ARRAY);
#endif
	__uint(max_entries, OBJECTS);
	__type(key, u32);
	__type(value, struct object_slot);
} stash SEC(".maps");

u64 targets[OBJECTS];
u32 stashed;
int target_pid;
int error;

/* Takes over the reference. */
static __always_inline long put_away(OBJECT *object)
{
	u32 key = stashed;
	struct object_slot *slot;
	OBJECT *old;
#if defined(ACTION_delete) || defined(OTHER)
	struct object_slot empty = {};

	bpf_map_update_elem(&stash, &key, &empty, BPF_ANY);
#endif
	slot = bpf_map_lookup_elem(&stash, &key);
	if (!slot) {
		RELEASE(object);
		return -1;
	}
	targets[key & (OBJECTS - 1)] = (u64)object;
	stashed++;
	old = bpf_kptr_xchg(&slot->object, object);
	if (old)
		RELEASE(old);
	return 0;
}

#if defined(VARIANT_task)
static __always_inline long prepare(void)
{
	struct task_struct *task = bpf_task_from_pid(target_pid);

	return task ? put_away(task) : -2;
}

/* How many are still referenced elsewhere. */
SEC("syscall")
int shared(void *ctx)
{
	int count = 0, i;

	for (i = 0; i < OBJECTS; i++) {
		struct task_struct *task = (void *)targets[i];

		if (task && BPF_CORE_READ(task, rcu_users.refs.counter) != 1)
			count++;
	}
	return count;
}
#elif defined(VARIANT_cgroup)
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_mkdir, struct cgroup *made)
{
	struct cgroup *cgroup = bpf_cgroup_acquire(made);

	if (cgroup)
		put_away(cgroup);
	return 0;
}

static __always_inline long prepare(void)
{
	return 0;
}

/* How many are still referenced elsewhere. While the count is spread over CPUs it carries a bias. */
SEC("syscall")
int shared(void *ctx)
{
	int count = 0, i;

	for (i = 0; i < OBJECTS; i++) {
		struct cgroup *cgroup = (void *)targets[i];

		if (cgroup && BPF_CORE_READ(cgroup, self.refcnt.data, count.counter) != 1)
			count++;
	}
	return count;
}
#elif defined(VARIANT_crypto_ctx)
static __always_inline long prepare(void)
{
	struct bpf_crypto_params params = {
		.type = "skcipher",
		.algo = "ecb(aes)",
		.key_len = 16,
	};
	struct bpf_crypto_ctx *context;

	context = bpf_crypto_ctx_create(&params, sizeof(params), &error);
	return context ? put_away(context) : error;
}
#elif defined(VARIANT_cpumask)
static __always_inline long prepare(void)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	return mask ? put_away(mask) : -2;
}
#endif

#endif

/* The task takes the even slots and the NMI the odd ones. */
static __always_inline long operation(void *ctx, u32 turn)
{
	u32 key = turn < FIRST_NMI_TURN ? turn * 2 : (turn - FIRST_NMI_TURN) * 2 + 1;
#if defined(ACTION_delete)
	return bpf_map_delete_elem(&stash, &key);
#elif defined(ACTION_overwrite)
	struct object_slot empty = {};

	return bpf_map_update_elem(&stash, &key, &empty, BPF_EXIST);
#else
	struct object_slot *slot;
	OBJECT *object;

	slot = bpf_map_lookup_elem(&stash, &key);
	if (!slot)
		return -2;
	object = bpf_kptr_xchg(&slot->object, NULL);
	if (!object)
		return -3;
	RELEASE(object);
	return 0;
#endif
}
