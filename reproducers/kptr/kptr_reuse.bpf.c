// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "kptr.bpf.h"

#define TURNS 256

#if defined(CASE_prealloc) || defined(CASE_prealloc_taken_out)
#define MAP_FLAGS 0
#else
#define MAP_FLAGS BPF_F_NO_PREALLOC
#endif

struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym;

struct holder {
	struct bpf_cpumask __kptr *mask;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, MAP_FLAGS);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, struct holder);
} elements SEC(".maps");

u64 stored;
/* Elements that were inserted a moment ago and already had a mask. */
u64 kept;

static __always_inline bool store(struct holder *holder)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (!mask)
		return false;
	mask = bpf_kptr_xchg(&holder->mask, mask);
	if (mask) {
		kept++;
		bpf_cpumask_release(mask);
	}
	stored++;
#if defined(CASE_taken_out) || defined(CASE_prealloc_taken_out)
	mask = bpf_kptr_xchg(&holder->mask, NULL);
	if (mask)
		bpf_cpumask_release(mask);
#endif
	return true;
}

static long use_element(u64 i, void *ctx)
{
	struct holder empty = {}, *holder;
	int zero = 0;

	if (bpf_map_update_elem(&elements, &zero, &empty, BPF_NOEXIST))
		return 1;
	holder = bpf_map_lookup_elem(&elements, &zero);
	if (!holder || !store(holder))
		return 1;
	return bpf_map_delete_elem(&elements, &zero) != 0;
}

SEC("syscall")
int use_elements(void *ctx)
{
	return bpf_loop(TURNS, use_element, NULL, 0) != TURNS;
}

char LICENSE[] SEC("license") = "GPL";
