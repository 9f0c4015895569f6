/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Shared code of map-reentry: a CPU enters a map, and a program that runs there under the map's lock enters the map
 * again, once.
 */
#ifndef REENTRY_BPF_H
#define REENTRY_BPF_H

#include <bpf/bpf_tracing.h>

/* One variable per CPU: the verifier loses track of an index that a callback may have changed. */
volatile u32 inside0, inside1;
int result;
u64 reentered;
u64 completed;

static __always_inline bool is_inside(u32 cpu)
{
	return cpu ? inside1 : inside0;
}

static __always_inline void set_inside(u32 cpu, u32 value)
{
	if (cpu)
		inside1 = value;
	else
		inside0 = value;
}

static __always_inline bool enters_again(void)
{
	u32 me = bpf_get_smp_processor_id();

	if (!is_inside(me))
		return false;
	set_inside(me, 0);
	__sync_fetch_and_add(&reentered, 1);
	return true;
}

static __always_inline void told(int error)
{
	if (error)
		result = error;
}

#endif
