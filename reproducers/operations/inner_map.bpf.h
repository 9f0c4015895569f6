/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of maps: the inner map is looked up, and something in it. Define VARIANT_* before including it. */
#include "operation.bpf.h"

#ifndef INNER_MAP_BPF_H
#define INNER_MAP_BPF_H

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} inside SEC(".maps");

struct {
#if defined(VARIANT_array_of_maps)
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
#else
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
#endif
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct inner);
} outside SEC(".maps") = {
	.values = { [0] = &inside },
};

#endif

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
#if defined(ACTION_update)
	u64 value = turn;
#endif
	u32 zero = 0;
	void *map;

	map = bpf_map_lookup_elem(&outside, &zero);
	if (!map)
		return -1;
#if defined(ACTION_update)
	return bpf_map_update_elem(map, &turn, &value, BPF_ANY);
#else
	bpf_map_lookup_elem(map, &turn);
	return 0;
#endif
}
