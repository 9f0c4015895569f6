/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps of stacks: of the kernel, of the user, and the latter by build id. Define VARIANT_* before including it. */
#include "operation.bpf.h"

#define FRAMES 16

#if defined(VARIANT_user_build_id)
#define MAP_FLAGS BPF_F_STACK_BUILD_ID
#define FRAME struct bpf_stack_build_id
#else
#define MAP_FLAGS 0
#define FRAME u64
#endif

#if defined(VARIANT_kernel)
#define STACK_FLAGS BPF_F_REUSE_STACKID
#else
#define STACK_FLAGS (BPF_F_REUSE_STACKID | BPF_F_USER_STACK)
#endif

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(map_flags, MAP_FLAGS);
	__uint(max_entries, 1024);
	__uint(key_size, sizeof(u32));
	__uint(value_size, FRAMES * sizeof(FRAME));
} map SEC(".maps");

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
	long result = bpf_get_stackid(ctx, &map, STACK_FLAGS);

	return result < 0 ? result : 0;
}
