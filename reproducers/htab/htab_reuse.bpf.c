// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define ROUNDS 30000
#define KEYS 2
#define MANY 1024
#define PATIENCE (1 << 23)

#if defined(CASE_prealloc) || defined(CASE_stale_prealloc)
#define MAP_FLAGS 0
#else
#define MAP_FLAGS BPF_F_NO_PREALLOC
#endif

struct value {
	struct bpf_spin_lock lock;
	int key;
	u64 round;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, MAP_FLAGS);
	__uint(max_entries, MANY);
	__type(key, int);
	__type(value, struct value);
} elements SEC(".maps");

u64 updated;
u64 deleted;
u64 locked;
u64 taken;
u64 looked;
/* Elements that were found by one key and held the value of another: freed and reused while the program looked. */
u64 stale;
volatile u64 reading, written;
u64 ended;

/* Takes the locks of new elements, which no other CPU can hold. */
static long take(u64 i, void *ctx)
{
	struct value value = {};
	int key = i;

	if (!bpf_map_update_elem(&elements, &key, &value, BPF_ANY) &&
	    !bpf_map_update_elem(&elements, &key, &value, BPF_EXIST | BPF_F_LOCK))
		__sync_fetch_and_add(&taken, 1);
	return 0;
}

/* Deletes one key before it inserts the other, so that the freed element is reused first. */
static long change(u64 i, void *ctx)
{
	struct value value = { .key = i % KEYS, .round = i };
	int key = i % KEYS, last = (i + 1) % KEYS;

	if (!bpf_map_delete_elem(&elements, &last))
		__sync_fetch_and_add(&deleted, 1);
	/* BPF_F_LOCK takes the lock of an existing element. */
	if (!bpf_map_update_elem(&elements, &key, &value, BPF_ANY) &&
	    !bpf_map_update_elem(&elements, &key, &value, BPF_EXIST | BPF_F_LOCK))
		__sync_fetch_and_add(&updated, 1);
	return 0;
}

static long look(u64 i, void *ctx)
{
	int key = i % KEYS, found;
	struct value *value;

	value = bpf_map_lookup_elem(&elements, &key);
	if (!value)
		return written != 0;
	bpf_spin_lock(&value->lock);
	found = value->key;
	bpf_spin_unlock(&value->lock);
	__sync_fetch_and_add(&locked, 1);
	if (found != key)
		__sync_fetch_and_add(&stale, 1);
	return written != 0;
}

/* This needs no race: a program that found an element keeps its pointer, also after the element is reused. */
SEC("tc")
int look_and_reuse(struct __sk_buff *skb)
{
	struct value first = { .key = 0 }, second = { .key = 1 };
	int zero = 0, one = 1;
	struct value *found;

	if (bpf_map_update_elem(&elements, &zero, &first, BPF_ANY))
		return 1;
	found = bpf_map_lookup_elem(&elements, &zero);
	if (!found)
		return 2;
	if (bpf_map_delete_elem(&elements, &zero) || bpf_map_update_elem(&elements, &one, &second, BPF_ANY))
		return 3;
	__sync_fetch_and_add(&looked, 1);
	if (found->key == 1)
		__sync_fetch_and_add(&stale, 1);
	return 0;
}

static long somebody_reads(u64 i, void *ctx)
{
	return reading != 0;
}

/* On a busy host a vCPU may not run for a second, which is longer than the rounds of one loop. */
static long await_reader(u64 i, void *ctx)
{
	bpf_loop(PATIENCE, somebody_reads, NULL, 0);
	return reading != 0;
}

static long let_go(u64 i, void *ctx)
{
	int key = i;

	bpf_map_delete_elem(&elements, &key);
	return 0;
}

SEC("tc")
int take_many(struct __sk_buff *skb)
{
	bpf_loop(MANY, take, NULL, 0);
	bpf_loop(MANY, let_go, NULL, 0);
	return 0;
}

SEC("tc")
int writer(struct __sk_buff *skb)
{
	bpf_loop(16, await_reader, NULL, 0);
	bpf_loop(ROUNDS, change, NULL, 0);
	written = 1;
	__sync_fetch_and_add(&ended, 1);
	return 0;
}

SEC("tc")
int reader(struct __sk_buff *skb)
{
	reading = 1;
	bpf_loop(PATIENCE, look, NULL, 0);
	__sync_fetch_and_add(&ended, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
