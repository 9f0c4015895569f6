/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pages of an arena. Define VARIANT_* before including it. */
#include "operation.bpf.h"

#define ANY_NODE (-1)
#define PAGE_BYTES 4096

void *bpf_arena_alloc_pages(void *map, void *address, u32 count, int node, u64 flags) __ksym __weak;
void bpf_arena_free_pages(void *map, void *pages, u32 count) __ksym __weak;
#if defined(VARIANT_reserve)
int bpf_arena_reserve_pages(void *map, void *address, u32 count) __ksym __weak;
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 256);
} map SEC(".maps");

#if defined(VARIANT_reserve)
/* Where user space has the arena, which libbpf maps. */
u64 begin;
#endif

static __always_inline long prepare(void)
{
#if defined(VARIANT_reserve)
	begin = (u64)bpf_arena_alloc_pages(&map, NULL, 1, ANY_NODE, 0);
#endif
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
#if defined(VARIANT_reserve)
	return bpf_arena_reserve_pages(&map, (void *)(begin + (1 + slot_of(turn)) * PAGE_BYTES), 1);
#else
	void *page = bpf_arena_alloc_pages(&map, NULL, 1, ANY_NODE, 0);

	if (!page)
		return -1;
	bpf_arena_free_pages(&map, page, 1);
	return 0;
#endif
}
