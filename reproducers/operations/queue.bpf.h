/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps without keys: push, pop and peek. Define ACTION_* and VARIANT_* before including it. */
#define SET_UP "raw_tp"
#include "operation.bpf.h"

#ifndef QUEUE_BPF_H
#define QUEUE_BPF_H

#define ENTRIES 4096

#if defined(VARIANT_queue)
#define MAP_TYPE BPF_MAP_TYPE_QUEUE
#define PUSH_FLAGS BPF_EXIST
#elif defined(VARIANT_stack)
#define MAP_TYPE BPF_MAP_TYPE_STACK
#define PUSH_FLAGS BPF_EXIST
#elif defined(VARIANT_bloom_filter)
#define MAP_TYPE BPF_MAP_TYPE_BLOOM_FILTER
#define PUSH_FLAGS BPF_ANY
#endif

struct {
	__uint(type, MAP_TYPE);
	__uint(max_entries, ENTRIES);
	__type(value, u64);
} map SEC(".maps");

static __always_inline long push(u64 turn)
{
	return bpf_map_push_elem(&map, &turn, PUSH_FLAGS);
}

#endif

static __always_inline long operation(void *ctx, u32 turn)
{
#if defined(ACTION_push)
	return push(turn);
#else
	u64 value = turn;
#if defined(ACTION_pop)
	return bpf_map_pop_elem(&map, &value);
#else
	return bpf_map_peek_elem(&map, &value);
#endif
#endif
}

#if !defined(ACTION_push)
static long fill(u64 i, void *ctx)
{
	return push(i) != 0;
}
#endif

static __always_inline long prepare(void)
{
#if !defined(ACTION_push)
	bpf_loop(ENTRIES, fill, NULL, 0);
#endif
	return 0;
}
