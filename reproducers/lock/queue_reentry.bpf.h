/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps without keys: queue and stack. */
#ifndef QUEUE_REENTRY_BPF_H
#define QUEUE_REENTRY_BPF_H

#include <bpf/bpf_core_read.h>
#include "reentry.bpf.h"

#if defined(CASE_queue) || defined(CASE_queue_other_map)
#define MAP_TYPE BPF_MAP_TYPE_QUEUE
#else
#define MAP_TYPE BPF_MAP_TYPE_STACK
#endif

#if defined(CASE_queue_other_map) || defined(CASE_stack_other_map)
#define ENTERED_AGAIN second
#else
#define ENTERED_AGAIN first
#endif

#define ENTRIES 16
/* Enough rounds for the lock to be contended, or the NMI to come; the most that one loop allows. */
#define MOST_PUSHES (1 << 23)
#define MOST_LOOPS 64

/* The size identifies the copying of a value. */
struct value {
	u64 words[23];
};

struct pushed {
	__uint(type, MAP_TYPE);
	__uint(max_entries, ENTRIES);
	__type(value, struct value);
};

struct pushed first SEC(".maps"), second SEC(".maps");

/* The kind of lock: a spin lock waits for ever. The queue had one before 6.16. */
struct bpf_queue_stack___spinning {
	raw_spinlock_t lock;
} __attribute__((preserve_access_index));
#define SPINNING bpf_core_field_exists(((struct bpf_queue_stack___spinning *)0)->lock.raw_lock)

#if defined(HAS_native_queued_spin_lock_slowpath)
#define SLOW_PATH "native_queued_spin_lock_slowpath"
#else
#define SLOW_PATH "queued_spin_lock_slowpath"
#endif
/* A kernel that is built for it has another slow path in KVM guests. */
#if defined(HAS___pv_queued_spin_lock_slowpath)
#define GUESTS_SLOW_PATH "__pv_queued_spin_lock_slowpath"
#else
#define GUESTS_SLOW_PATH SLOW_PATH
#endif

u64 queue;
u64 pushed;
u64 spinning;

static __always_inline void enter_again(void)
{
	struct value value = {};

	if (enters_again())
		told(bpf_map_push_elem(&ENTERED_AGAIN, &value, BPF_EXIST));
}

/*
 * Two CPUs push until one of them has to wait for the other. At the end of the slow path it holds the spin lock. Nothing
 * else that can be traced runs under the lock except its release, which the whole kernel uses all the time: tracing that
 * is not safe.
 */
static __always_inline int has_waited(void *ctx)
{
	u64 lock = 0;

	if (!is_inside(bpf_get_smp_processor_id()))
		return 0;
	bpf_get_func_arg(ctx, 0, &lock);
	if (lock - queue < sizeof(struct bpf_queue_stack))
		enter_again();
	return 0;
}

SEC("fexit/" SLOW_PATH)
int under_lock(void *ctx)
{
	return has_waited(ctx);
}

SEC("fexit/" GUESTS_SLOW_PATH)
int under_guests_lock(void *ctx)
{
	return has_waited(ctx);
}

/* Since 6.16 nothing that can be traced runs under the lock, but an NMI may arrive while a value is copied. */
SEC("tp_btf/nmi_handler")
int on_nmi(void *ctx)
{
	enter_again();
	return 0;
}

static long push(u64 i, void *ctx)
{
	struct value value = {};

	bpf_map_push_elem(&first, &value, BPF_EXIST);
	pushed++;
	return reentered != 0;
}

static long push_many(u64 i, void *ctx)
{
	bpf_loop(MOST_PUSHES, push, NULL, 0);
	return reentered != 0;
}

SEC("raw_tp")
int update_first(void *ctx)
{
	u32 me = bpf_get_smp_processor_id();

	queue = (u64)&first;
	spinning = SPINNING;
	set_inside(me, 1);
	bpf_loop(MOST_LOOPS, push_many, NULL, 0);
	set_inside(me, 0);
	__sync_fetch_and_add(&completed, 1);
	return 0;
}

#endif
