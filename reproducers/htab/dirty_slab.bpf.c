// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Returns memory that is not zero to the slab, in objects of the size of those of htab_reuse.bpf.c. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define MOST_ELEMENTS 4096
#define DIRT 0x5a5a5a5a

struct value {
	u32 words[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MOST_ELEMENTS);
	__type(key, int);
	__type(value, struct value);
} elements SEC(".maps");

u32 elements_a_turn;
/* Dirty objects that were returned to the slab. */
u64 dirtied;

static long insert(u64 i, void *ctx)
{
	struct value value = { .words = { DIRT, DIRT, DIRT, DIRT, DIRT, DIRT } };
	int key = i;

	return bpf_map_update_elem(&elements, &key, &value, BPF_ANY) != 0;
}

static long remove(u64 i, void *ctx)
{
	int key = i;

	bpf_map_delete_elem(&elements, &key);
	return 0;
}

SEC("tc")
int dirty(struct __sk_buff *skb)
{
	bpf_loop(elements_a_turn, insert, NULL, 0);
	bpf_loop(elements_a_turn, remove, NULL, 0);
	return 0;
}

/* The value lies behind the allocator's list node and the element's own fields (kernel/bpf/memalloc.c, hashtab.c). */
#define IN_VALUE 72

SEC("tp_btf/kfree")
int on_free(u64 *ctx)
{
	u64 object = 0;
	u32 word = 0;

	bpf_probe_read_kernel(&object, sizeof(object), &ctx[1]);
	if (object && !bpf_probe_read_kernel(&word, sizeof(word), (void *)(object + IN_VALUE)) && word == DIRT)
		__sync_fetch_and_add(&dirtied, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
