/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One object whose last reference lies in one element of one map, and the operation that makes the map release it.
 * Before including it, define OBJECT_task, OBJECT_cgroup, OBJECT_crypto, OBJECT_cpumask or OBJECT_local; MAP_TYPE,
 * MAP_FLAGS, ENTRIES; and LET_GO: by_delete, by_overwrite or by_eviction. With TASK_STORAGE instead of a map's type, the
 * element is what the map stores with the first process, and it is deleted.
 */
#ifndef MAP_DELETE_BPF_H
#define MAP_DELETE_BPF_H

#include "kptr.bpf.h"

#if defined(OBJECT_task)
struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;
#define OBJECT struct task_struct
#define RELEASE bpf_task_release
#elif defined(OBJECT_cgroup)
#include "cgroup_stash.bpf.h"
#define OBJECT struct cgroup
#define RELEASE bpf_cgroup_release
#elif defined(OBJECT_crypto)
struct bpf_crypto_ctx *bpf_crypto_ctx_create(const struct bpf_crypto_params *params, u32 params__sz, int *err) __ksym;
void bpf_crypto_ctx_release(struct bpf_crypto_ctx *context) __ksym;
#define OBJECT struct bpf_crypto_ctx
#define RELEASE bpf_crypto_ctx_release
#elif defined(OBJECT_cpumask)
struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym;
#define OBJECT struct bpf_cpumask
#define RELEASE bpf_cpumask_release
#elif defined(OBJECT_local)
void *bpf_obj_new_impl(u64 local_type_id, void *meta) __ksym;
void bpf_obj_drop_impl(void *object, void *meta) __ksym;
struct local {
	u64 words[4];
};
#define OBJECT struct local
#define RELEASE(object) bpf_obj_drop_impl(object, NULL)
#endif

struct holder {
	OBJECT __kptr *object;
};

struct {
#ifdef TASK_STORAGE
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
#else
	__uint(type, MAP_TYPE);
	__uint(map_flags, MAP_FLAGS);
	__uint(max_entries, ENTRIES);
#endif
	__type(key, int);
	__type(value, struct holder);
} stash SEC(".maps");

int target_pid;
int error;
#ifndef OBJECT_cgroup
u64 target;
#endif
u64 aimed;
u64 handled;
u64 dropped;
/* Released, or refused with an error, as task storage does in NMI since 7.0. */
u64 answered;

#ifdef TASK_STORAGE
#ifndef OBJECT_task
struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;
#endif
#define FIRST_PROCESS 1
#define EOPNOTSUPP 95

/* Takes over the reference. */
static __always_inline int put_away(OBJECT *object)
{
	struct task_struct *owner = bpf_task_from_pid(FIRST_PROCESS);
	struct holder *holder;
	OBJECT *old;

	if (!owner) {
		RELEASE(object);
		return -1;
	}
	holder = bpf_task_storage_get(&stash, owner, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!holder) {
		RELEASE(object);
		bpf_task_release(owner);
		return -3;
	}
	target = (u64)object;
	old = bpf_kptr_xchg(&holder->object, object);
	if (old)
		RELEASE(old);
	bpf_task_release(owner);
	return 0;
}
#else
/* Takes over the reference. */
static __always_inline int put_away(OBJECT *object)
{
	struct holder empty = {}, *holder;
	int zero = 0;
	OBJECT *old;

	error = bpf_map_update_elem(&stash, &zero, &empty, BPF_ANY);
	holder = bpf_map_lookup_elem(&stash, &zero);
	if (!holder) {
		RELEASE(object);
		return -1;
	}
	target = (u64)object;
	old = bpf_kptr_xchg(&holder->object, object);
	if (old)
		RELEASE(old);
	return 0;
}
#endif

#if defined(OBJECT_task)
SEC("syscall")
int stash_object(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(target_pid);

	return task ? put_away(task) : -2;
}

SEC("syscall")
int is_last_reference(void *ctx)
{
	struct task_struct *task = (void *)target;

	return BPF_CORE_READ(task, rcu_users.refs.counter) == 1;
}
#elif defined(OBJECT_cgroup)
/* Runs on the CPU that will drop it: an LRU map has a list for each CPU. */
SEC("syscall")
int stash_object(void *ctx)
{
	struct cgroup *cgroup = take_cgroup();

	return cgroup ? put_away(cgroup) : -2;
}
#elif defined(OBJECT_crypto)
SEC("syscall")
int stash_object(void *ctx)
{
	struct bpf_crypto_params params = {
		.type = "skcipher",
		.algo = CIPHER,
		.key_len = KEY_BYTES,
	};
	struct bpf_crypto_ctx *context;

	context = bpf_crypto_ctx_create(&params, sizeof(params), &error);
	return context ? put_away(context) : error;
}
#elif defined(OBJECT_cpumask)
SEC("syscall")
int stash_object(void *ctx)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	return mask ? put_away(mask) : -2;
}
#elif defined(OBJECT_local)
SEC("syscall")
int stash_object(void *ctx)
{
	struct local *object = bpf_obj_new_impl(bpf_core_type_id_local(struct local), NULL);

	return object ? put_away(object) : -2;
}
#endif

#ifdef TASK_STORAGE
static __always_inline bool by_delete(void)
{
	struct task_struct *owner = bpf_task_from_pid(FIRST_PROCESS);

	if (!owner)
		return false;
	error = bpf_task_storage_delete(&stash, owner);
	bpf_task_release(owner);
	if (error == -EOPNOTSUPP)
		__sync_fetch_and_add(&answered, 1);
	return !error;
}
#else
static __always_inline bool by_delete(void)
{
	int zero = 0;

	return !bpf_map_delete_elem(&stash, &zero);
}

static __always_inline bool by_overwrite(void)
{
	struct holder empty = {};
	int zero = 0;

	return !bpf_map_update_elem(&stash, &zero, &empty, BPF_EXIST);
}

static long add(u64 i, void *ctx)
{
	struct holder empty = {};
	int key = i + 1;

	return bpf_map_update_elem(&stash, &key, &empty, BPF_NOEXIST) != 0;
}

static __always_inline bool by_eviction(void)
{
	int zero = 0;

	bpf_loop(4 * ENTRIES, add, NULL, 0);
	return !bpf_map_lookup_elem(&stash, &zero);
}
#endif

static __always_inline void drop(void)
{
	if (__sync_fetch_and_add(&aimed, 1) || !LET_GO())
		return;
	__sync_fetch_and_add(&dropped, 1);
	__sync_fetch_and_add(&answered, 1);
}

SEC("tp_btf/nmi_handler")
int on_nmi(void *ctx)
{
#ifdef OBJECT_cgroup
	if (in_worker_of_cpu0())
#endif
		drop();
	__sync_fetch_and_add(&handled, 1);
	return 0;
}

SEC("syscall")
int in_task(void *ctx)
{
	drop();
	return 0;
}

#endif
