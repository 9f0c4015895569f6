/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared code of the kptr reproducers. */
#ifndef KPTR_BPF_H
#define KPTR_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* Linux before 6.2 calls the tag of a referenced kptr kptr_ref. */
#ifndef __kptr
#define __kptr __attribute__((btf_type_tag("kptr")))
#endif

/* The n-th argument of a traced function as a number: the verifier allows no arithmetic on it as a pointer. */
static __always_inline u64 argument(void *ctx, u32 n)
{
	u64 value = 0;

	bpf_get_func_arg(ctx, n, &value);
	return value;
}

/* Returns whether an address lies in the object at base: a free may get the address of a member. */
static __always_inline bool within(u64 address, u64 base, u64 size)
{
	return address - base < size;
}

/*
 * Returns whether the interrupted task is a worker of CPU 0's ordinary pool (kernel/workqueue.c, format_worker_id). The
 * lock of that pool is the one that queue_work() on CPU 0 takes.
 */
static __always_inline bool in_worker_of_cpu0(void)
{
	char comm[16] = {};

	bpf_get_current_comm(comm, sizeof(comm));
	return comm[0] == 'k' && comm[7] == '/' && comm[8] == '0' && comm[9] == ':' && comm[11] != 'H' &&
	       comm[12] != 'H';
}

#endif
