/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps with keys: a hash, with and without LRU eviction, and the LPM trie. */
#ifndef KEYED_REENTRY_BPF_H
#define KEYED_REENTRY_BPF_H

#include "reentry.bpf.h"

/* The kernel calls this function with the map's lock held. */
#if defined(CASE_hash) || defined(CASE_hash_other_map)
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define UNDER_LOCK "kprobe/alloc_htab_elem"
#elif defined(CASE_lru) || defined(CASE_lru_other_map)
#define MAP_TYPE BPF_MAP_TYPE_LRU_HASH
#define UNDER_LOCK "fentry/htab_lru_map_delete_node"
#elif defined(CASE_lpm_trie) || defined(CASE_lpm_trie_other_map)
#define MAP_TYPE BPF_MAP_TYPE_LPM_TRIE
#define MAP_FLAGS BPF_F_NO_PREALLOC
/* Since 7.x no program may trace the functions of the trie, so an NMI aimed at one of them enters the map again. */
#define UNDER_LOCK "tp_btf/nmi_handler"
#define LPM
/* Enough rounds for the NMI to come, also on a busy host; the most that one loop allows. */
#define MORE (1 << 23)
#elif defined(CASE_hash_abba) || defined(CASE_hash_abba_same_order)
#define MAP_TYPE BPF_MAP_TYPE_HASH
#define UNDER_LOCK "kprobe/alloc_htab_elem"
#define ABBA 1
#else
#error "no such case"
#endif

#if defined(CASE_hash_other_map) || defined(CASE_lru_other_map) || defined(CASE_lpm_trie_other_map)
#define ENTERED_AGAIN 1
#else
#define ENTERED_AGAIN 0
#endif

#if defined(CASE_hash_abba_same_order)
#define SAME_ORDER 1
#else
#define SAME_ORDER 0
#endif

#ifndef ABBA
#define ABBA 0
#endif

#ifndef MORE
#define MORE ROUNDS
#endif

#ifndef MAP_FLAGS
#define MAP_FLAGS 0
#endif

/* Entries of an LRU map: few enough that it is full, and must evict, after ROUNDS insertions. */
#define ENTRIES 16
#define ROUNDS 64
#define PATIENCE (1 << 23)

struct place {
	u32 bits;
	u32 data;
};

struct entered {
	__uint(type, MAP_TYPE);
	__uint(map_flags, MAP_FLAGS);
	__uint(max_entries, ENTRIES);
	__type(key, struct place);
	__type(value, u64);
};

struct entered first SEC(".maps"), second SEC(".maps");

/* One variable per CPU: the verifier loses track of an index that a callback may have changed. */
volatile u32 holding0, holding1;
volatile u64 begun;
u64 both_held;

#if defined(CASE_hash) || defined(CASE_hash_other_map) || defined(CASE_hash_abba) || defined(CASE_hash_abba_same_order)
/* Always one bucket. */
#define KEY(i) 0
#else
/* One lock for every key. */
#define KEY(i) (i)
#endif

static __always_inline int update(u32 which, u32 data)
{
#ifdef LPM
	struct place key = { .bits = 32, .data = data };
#else
	struct place key = { .data = data };
#endif
	u64 value = 0;

	return which ? bpf_map_update_elem(&second, &key, &value, BPF_ANY) :
		       bpf_map_update_elem(&first, &key, &value, BPF_ANY);
}

static __always_inline bool holds(u32 cpu)
{
	return cpu ? holding1 : holding0;
}

static __always_inline void set_holding(u32 cpu, u32 value)
{
	if (cpu)
		holding1 = value;
	else
		holding0 = value;
}

static long both_have_begun(u64 i, void *ctx)
{
	return begun == 2;
}

/* Runs before the lock is taken, because interrupts are off while it is held. */
static __always_inline void meet(void)
{
	if (!ABBA)
		return;
	__sync_fetch_and_add(&begun, 1);
	bpf_loop(PATIENCE, both_have_begun, NULL, 0);
}

static long other_holds(u64 i, u32 *other)
{
	return holds(*other);
}

SEC(UNDER_LOCK)
int under_lock(void *ctx)
{
	u32 me = bpf_get_smp_processor_id(), other = !me;
	int error;

	if (!enters_again())
		return 0;
	set_holding(me, 1);
	if (!ABBA) {
		error = update(ENTERED_AGAIN, 0);
	} else if (SAME_ORDER) {
		error = update(1, 0);
	} else {
		bpf_loop(PATIENCE, other_holds, &other, 0);
		if (holds(!me))
			__sync_fetch_and_add(&both_held, 1);
		error = update(!me, 0);
	}
	set_holding(me, 0);
	told(error);
	return 0;
}

static long insert(u64 i, void *ctx)
{
	update(0, KEY(i));
	return 0;
}

SEC("raw_tp")
int fill(void *ctx)
{
	bpf_loop(ROUNDS, insert, NULL, 0);
	return 0;
}

static long insert_more(u64 i, void *ctx)
{
	update(0, KEY(ROUNDS + i));
	return reentered != 0;
}

SEC("raw_tp")
int update_first(void *ctx)
{
	u32 me = bpf_get_smp_processor_id();

	meet();
	set_inside(me, 1);
	/* More than one round, because not every insertion evicts or meets another node. */
	bpf_loop(ABBA ? 1 : MORE, insert_more, NULL, 0);
	set_inside(me, 0);
	__sync_fetch_and_add(&completed, 1);
	return 0;
}

SEC("raw_tp")
int update_second(void *ctx)
{
	u32 me = bpf_get_smp_processor_id();

	meet();
	set_inside(me, 1);
	update(SAME_ORDER ? 0 : 1, 0);
	set_inside(me, 0);
	__sync_fetch_and_add(&completed, 1);
	return 0;
}

#endif
