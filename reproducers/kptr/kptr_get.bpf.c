// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Test kfuncs of 6.1: the only ones there that hold references, and only tc programs may call them. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct prog_test_ref_kfunc *bpf_kfunc_call_test_acquire(unsigned long *scalar) __ksym;
struct prog_test_ref_kfunc *bpf_kfunc_call_test_kptr_get(struct prog_test_ref_kfunc **p, int a, int b) __ksym;
void bpf_kfunc_call_test_release(struct prog_test_ref_kfunc *p) __ksym;

#define ROUNDS 20000
#define CPUS 2
#define PATIENCE (1 << 23)

struct holder {
	struct prog_test_ref_kfunc __attribute__((btf_type_tag("kptr_ref"))) *object;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct holder);
} stash SEC(".maps");

u64 acquired;
u64 lost;
volatile u64 begun;
u64 ended;

SEC("tc")
int stash_object(struct __sk_buff *skb)
{
	struct prog_test_ref_kfunc *object, *old;
	unsigned long scalar = 0;
	struct holder *holder;
	int zero = 0;

	holder = bpf_map_lookup_elem(&stash, &zero);
	if (!holder)
		return 1;
	object = bpf_kfunc_call_test_acquire(&scalar);
	if (!object)
		return 2;
	old = bpf_kptr_xchg(&holder->object, object);
	if (old)
		bpf_kfunc_call_test_release(old);
	return 0;
}

static long acquire(u64 i, void *ctx)
{
	struct prog_test_ref_kfunc *mine;
	struct holder *holder;
	int zero = 0;

	holder = bpf_map_lookup_elem(&stash, &zero);
	if (!holder)
		return 1;
	mine = bpf_kfunc_call_test_kptr_get(&holder->object, 0, 0);
	if (!mine) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	__sync_fetch_and_add(&acquired, 1);
	bpf_kfunc_call_test_release(mine);
	return 0;
}

static long all_have_begun(u64 i, void *ctx)
{
	return begun == CPUS;
}

SEC("tc")
int stress(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&begun, 1);
	bpf_loop(PATIENCE, all_have_begun, NULL, 0);
	bpf_loop(ROUNDS, acquire, NULL, 0);
	__sync_fetch_and_add(&ended, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
