/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps with keys: lookup, update and delete. Define ACTION_* and VARIANT_* before including it. */
#if defined(VARIANT_lpm_trie) || defined(VARIANT_rhash)
#define SET_UP "raw_tp"
#endif
#include "operation.bpf.h"

#ifndef MAP_BPF_H
#define MAP_BPF_H

#define ENTRIES 4096

#if defined(VARIANT_hash) || defined(VARIANT_hash_prealloc)
#define MAP_TYPE BPF_MAP_TYPE_HASH
#elif defined(VARIANT_lru_hash) || defined(VARIANT_lru_hash_percpu_lists)
#define MAP_TYPE BPF_MAP_TYPE_LRU_HASH
#elif defined(VARIANT_lru_percpu_hash) || defined(VARIANT_lru_percpu_hash_percpu_lists)
#define MAP_TYPE BPF_MAP_TYPE_LRU_PERCPU_HASH
#elif defined(VARIANT_percpu_hash) || defined(VARIANT_percpu_hash_malloc)
#define MAP_TYPE BPF_MAP_TYPE_PERCPU_HASH
#elif defined(VARIANT_array)
#define MAP_TYPE BPF_MAP_TYPE_ARRAY
#elif defined(VARIANT_percpu_array)
#define MAP_TYPE BPF_MAP_TYPE_PERCPU_ARRAY
#elif defined(VARIANT_lpm_trie)
#define MAP_TYPE BPF_MAP_TYPE_LPM_TRIE
#elif defined(VARIANT_rhash)
#define MAP_TYPE BPF_MAP_TYPE_RHASH
#endif

#if defined(VARIANT_hash) || defined(VARIANT_percpu_hash_malloc) || defined(VARIANT_lpm_trie) || defined(VARIANT_rhash)
#define MAP_FLAGS BPF_F_NO_PREALLOC
#elif defined(VARIANT_lru_hash_percpu_lists) || defined(VARIANT_lru_percpu_hash_percpu_lists)
#define MAP_FLAGS BPF_F_NO_COMMON_LRU
#else
#define MAP_FLAGS 0
#endif

#ifdef VARIANT_lpm_trie
struct map_key {
	u32 bits;
	u32 number;
};
#define KEY(turn) { .bits = 32, .number = turn }
#else
struct map_key {
	u32 number;
};
#define KEY(turn) { .number = turn }
#endif

struct {
	__uint(type, MAP_TYPE);
	__uint(map_flags, MAP_FLAGS);
	__uint(max_entries, ENTRIES);
	__type(key, struct map_key);
	__type(value, u64);
} map SEC(".maps");

static __always_inline long update(u32 turn)
{
	struct map_key key = KEY(turn);
	u64 value = turn;

	return bpf_map_update_elem(&map, &key, &value, BPF_ANY);
}

#endif

#ifdef OTHER
/* Behind the elements that the other operation needs: an update of one that is there takes another way. */
#define FRESH(turn) ((turn) + ENTRIES / 2)
#else
#define FRESH(turn) (turn)
#endif

#if defined(ACTION_for_each)
/* The way of all elements would be longer than what is walked. */
static long visit(struct bpf_map *visited, const void *key, void *value, void *seen)
{
	return ++*(u32 *)seen >= 4;
}
#endif

static __always_inline long operation(void *ctx, u32 turn)
{
#if defined(ACTION_update)
	return update(FRESH(turn));
#elif defined(ACTION_for_each)
	u32 seen = 0;
	long result = bpf_for_each_map_elem(&map, visit, &seen, 0);

	return result < 0 ? result : !seen;
#else
	struct map_key key = KEY(turn);
#if defined(ACTION_delete)
	return bpf_map_delete_elem(&map, &key);
#elif defined(ACTION_lookup_percpu)
	return bpf_map_lookup_percpu_elem(&map, &key, 1) ? 0 : -1;
#else
	return bpf_map_lookup_elem(&map, &key) ? 0 : -1;
#endif
#endif
}

#if !defined(ACTION_update)
static long fill(u64 i, void *ctx)
{
	return update(i) != 0;
}
#endif

/* A lookup and a delete need the elements. */
static __always_inline long prepare(void)
{
#if !defined(ACTION_update)
	bpf_loop(ENTRIES / 2, fill, NULL, 0);
#endif
	return 0;
}
