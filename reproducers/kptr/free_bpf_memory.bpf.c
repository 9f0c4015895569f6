// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Traces the kernel's own final free, independently of the program under test. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "kptr.bpf.h"

u64 target;
u64 freed;

/* The object lies in a slab object of its own, behind the allocator's list node (kernel/bpf/memalloc.c). */
SEC("tp_btf/kfree")
int on_free(u64 *ctx)
{
	u64 object = 0;

	bpf_probe_read_kernel(&object, sizeof(object), &ctx[1]);
	if (object && target - object <= 16)
		__sync_fetch_and_add(&freed, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
