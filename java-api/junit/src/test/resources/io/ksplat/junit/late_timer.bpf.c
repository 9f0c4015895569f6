// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A timer that fires long after the test: its callback updates an LRU map until it evicts. If it is told to, a program that
 * traces a function under the map's lock updates the map again, which is a deadlock on one CPU before 7.1.7.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define CLOCK_MONOTONIC 1
#define ENTRIES 16
#define ROUNDS 64

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
} lru SEC(".maps");

struct element {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct element);
} timers SEC(".maps");

__u64 delay_ns;
/* Does the callback arm its timer again, with the same delay? */
__u64 again;
__u64 harmful;
__u64 armed;
__u64 fired;
volatile __u64 inside;

static __always_inline void update(__u32 key)
{
	__u64 value = 0;

	bpf_map_update_elem(&lru, &key, &value, BPF_ANY);
}

SEC("fentry/htab_lru_map_delete_node")
int under_lock(void *ctx)
{
	if (!inside)
		return 0;
	inside = 0;
	update(0);
	return 0;
}

static long insert(__u64 i, void *ctx)
{
	update(i);
	return 0;
}

static int late(void *map, __u32 *key, struct element *element)
{
	inside = harmful;
	bpf_loop(ROUNDS, insert, NULL, 0);
	inside = 0;
	__sync_fetch_and_add(&fired, 1);
	if (again)
		bpf_timer_start(&element->timer, delay_ns, 0);
	return 0;
}

SEC("syscall")
int arm(void *ctx)
{
	__u32 key = 0;
	struct element *element = bpf_map_lookup_elem(&timers, &key);

	if (!element)
		return 1;
	bpf_timer_init(&element->timer, &timers, CLOCK_MONOTONIC);
	bpf_timer_set_callback(&element->timer, late);
	if (bpf_timer_start(&element->timer, delay_ns, 0))
		return 2;
	armed++;
	return 0;
}
