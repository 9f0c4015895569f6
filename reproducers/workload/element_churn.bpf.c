// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define MOST_ELEMENTS 8192

/* Together with the element's own fields this is an object of 1 KiB. */
struct value {
	char bytes[960];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MOST_ELEMENTS);
	__type(key, u32);
	__type(value, struct value);
} elements SEC(".maps");

/* The source of new values, which are too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct value);
} empty SEC(".maps");

/* The kernel's own count of its pages (mm/vmstat.c), which may lack up to half a MiB per CPU. */
extern const void vm_node_stat __ksym;

u32 elements_a_turn;
u64 deleted;
u64 delete_ns;
u64 kib_before;
u64 held_kib;
u64 given_back;

static __always_inline u64 slab_kib(void)
{
	u64 item = bpf_core_enum_value(enum node_stat_item, NR_SLAB_UNRECLAIMABLE_B), pages = 0;

	bpf_probe_read_kernel(&pages, sizeof(pages), (void *)((u64)&vm_node_stat + item * sizeof(pages)));
	return pages * 4;
}

static __always_inline u64 held(void)
{
	u64 now = slab_kib();

	return now > kib_before ? now - kib_before : 0;
}

SEC("raw_tp")
int begin(void *ctx)
{
	kib_before = slab_kib();
	return 0;
}

static long insert_one(u64 i, void *ctx)
{
	u32 key = i, zero = 0;
	struct value *value;

	value = bpf_map_lookup_elem(&empty, &zero);
	return !value || bpf_map_update_elem(&elements, &key, value, BPF_NOEXIST);
}

SEC("raw_tp")
int insert(void *ctx)
{
	bpf_loop(elements_a_turn, insert_one, NULL, 0);
	return 0;
}

static long remove_one(u64 i, u64 *count)
{
	u32 key = i;

	if (!bpf_map_delete_elem(&elements, &key))
		*count += 1;
	return 0;
}

/* Afterwards the map is empty, so any memory above the initial amount is held by freed elements. */
SEC("raw_tp")
int remove(void *ctx)
{
	u64 start = bpf_ktime_get_ns(), count = 0, kib;

	bpf_loop(elements_a_turn, remove_one, &count, 0);
	delete_ns += bpf_ktime_get_ns() - start;
	deleted += count;
	kib = held();
	if (kib > held_kib)
		held_kib = kib;
	return 0;
}

/* Much less memory is held than before. */
SEC("raw_tp")
int end(void *ctx)
{
	given_back = held() < held_kib / 4;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
