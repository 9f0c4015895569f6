// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "kptr.bpf.h"

#define MASKS 256

/* What free_more() releases, some in each call. */
#define SPARE 1024
#define SOME 4

struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym;

struct mask_slot {
	struct bpf_cpumask __kptr *mask;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MASKS + SPARE);
	__type(key, int);
	__type(value, struct mask_slot);
} stash SEC(".maps");

u64 targets[MASKS];
u64 dropped;
u64 freed;
u64 spare = MASKS;

/* Puts a new cpumask into slot i; returns its address, or 0. */
static __always_inline u64 put(u64 i)
{
	struct bpf_cpumask *mask, *old;
	struct mask_slot *slot;
	u64 address;
	int key = i;

	slot = bpf_map_lookup_elem(&stash, &key);
	if (!slot)
		return 0;
	mask = bpf_cpumask_create();
	if (!mask)
		return 0;
	address = (u64)mask;
	old = bpf_kptr_xchg(&slot->mask, mask);
	if (old)
		bpf_cpumask_release(old);
	return address;
}

/* Releases the cpumask in slot i; returns how many were released, or -1 if there is no such slot. */
static __always_inline long take(u64 i)
{
	struct bpf_cpumask *mask;
	struct mask_slot *slot;
	int key = i;

	slot = bpf_map_lookup_elem(&stash, &key);
	if (!slot)
		return -1;
	mask = bpf_kptr_xchg(&slot->mask, NULL);
	if (!mask)
		return 0;
	bpf_cpumask_release(mask);
	return 1;
}

static long stash_mask(u64 i, void *ctx)
{
	u64 address = put(i);

	if (!address)
		return 1;
	targets[i & (MASKS - 1)] = address;
	return 0;
}

static long stash_spare(u64 i, void *ctx)
{
	return !put(MASKS + i);
}

SEC("syscall")
int stash_masks(void *ctx)
{
	bpf_loop(MASKS, stash_mask, NULL, 0);
	bpf_loop(SPARE, stash_spare, NULL, 0);
	return 0;
}

/*
 * The allocator looks at what waits to be given back when something is freed (check_free_by_rcu(), and free_bulk() if
 * its cache overflows). Nothing is allocated here: that may take what waits, and then it waits once more.
 */
SEC("syscall")
int free_more(void *ctx)
{
	u64 i;

	for (i = 0; i < SOME; i++) {
		if (spare >= MASKS + SPARE)
			break;
		take(spare);
		spare++;
	}
	return 0;
}

static long drop(u64 i, void *ctx)
{
	long taken = take(i);

	if (taken > 0)
		__sync_fetch_and_add(&dropped, 1);
	return taken < 0;
}

SEC("tp_btf/nmi_handler")
int on_nmi(void *ctx)
{
	bpf_loop(MASKS, drop, NULL, 0);
	return 0;
}

/* Each object lies in a slab object of its own, behind the allocator's list node (kernel/bpf/memalloc.c). */
static long is_target(u64 i, u64 *object)
{
	if (i < MASKS && targets[i] && targets[i] - *object <= 16) {
		targets[i] = 0;
		__sync_fetch_and_add(&freed, 1);
		return 1;
	}
	return 0;
}

SEC("tp_btf/kfree")
int on_free(u64 *ctx)
{
	u64 object = 0;

	bpf_probe_read_kernel(&object, sizeof(object), &ctx[1]);
	bpf_loop(MASKS, is_target, &object, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
