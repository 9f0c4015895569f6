/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kptr reproducers share. */
#ifndef KPTR_BPF_H
#define KPTR_BPF_H

#include <bpf/bpf_core_read.h>

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

/* Whether an address lies in the object at base: a free may be told of an object by one of its members. */
static __always_inline bool within(u64 address, u64 base, u64 size)
{
	return address - base < size;
}

#endif
