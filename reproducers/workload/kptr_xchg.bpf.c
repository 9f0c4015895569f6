// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "workload.bpf.h"

#define CPUS 2

#ifdef CASE_test_object
struct prog_test_ref_kfunc *bpf_kfunc_call_test_acquire(unsigned long *scalar) __ksym;
void bpf_kfunc_call_test_release(struct prog_test_ref_kfunc *p) __ksym;
#define OBJECT struct prog_test_ref_kfunc
#define KPTR __attribute__((btf_type_tag("kptr_ref")))
#define RELEASE bpf_kfunc_call_test_release
#define PROGRAM "tc"
#else
struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym;
#define OBJECT struct bpf_cpumask
#define KPTR __attribute__((btf_type_tag("kptr")))
#define RELEASE bpf_cpumask_release
#define PROGRAM "syscall"
#endif

struct holder {
	OBJECT KPTR *object;
	/* A cache line each. */
	u64 apart[7];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CPUS);
	__type(key, int);
	__type(value, struct holder);
} holders SEC(".maps");

static __always_inline OBJECT *make(void)
{
#ifdef CASE_test_object
	unsigned long scalar = 0;

	return bpf_kfunc_call_test_acquire(&scalar);
#else
	return bpf_cpumask_create();
#endif
}

static long stash_one(u64 i, void *ctx)
{
	struct holder *holder;
	OBJECT *object, *old;
	int key = i;

	holder = bpf_map_lookup_elem(&holders, &key);
	if (!holder)
		return 1;
	object = make();
	if (!object)
		return 1;
	old = bpf_kptr_xchg(&holder->object, object);
	if (old)
		RELEASE(old);
	return 0;
}

SEC(PROGRAM)
int stash(void *ctx)
{
	bpf_loop(CPUS, stash_one, NULL, 0);
	return 0;
}

/* An event is an exchange. */
static __always_inline u32 batch(void)
{
	int key = bpf_get_smp_processor_id();
	struct holder *holder;
	OBJECT *object, *old;
	u32 done = 0, i;

	holder = bpf_map_lookup_elem(&holders, &key);
	if (!holder)
		return 0;
	for (i = 0; i < BATCH / 2; i++) {
		object = bpf_kptr_xchg(&holder->object, NULL);
		if (!object)
			break;
		old = bpf_kptr_xchg(&holder->object, object);
		if (old)
			RELEASE(old);
		done += 2;
	}
	return done;
}

SEC(PROGRAM)
int exchange(void *ctx)
{
	run();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
