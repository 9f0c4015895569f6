// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that take long and end by themselves. Whoever waits for them waits for long, and gets what it wants. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "alarm.bpf.h"
#include "spin.bpf.h"
#include "tell.bpf.h"

char LICENSE[] SEC("license") = "GPL";

u64 busy_ended;
u64 limit_ns;
u64 waited;

static long nothing(u32 i, void *ctx)
{
	return 0;
}

static long outer(u32 i, u64 *begun)
{
	/* Most of the time in few functions, as in a loop that waits. */
	bpf_loop(1 << 16, nothing, NULL, 0);
	return bpf_ktime_get_ns() - *begun > limit_ns;
}

static __always_inline void be_busy(void)
{
	u64 begun = bpf_ktime_get_ns();

	bpf_loop(1 << 23, outer, &begun, 0);
	__sync_fetch_and_add(&busy_ended, 1);
}

SEC("raw_tp")
int busy(void *ctx)
{
	be_busy();
	return 0;
}

u64 nmis;

/* Only the first that interrupts an owner of the lock takes long, if one is needed. */
SEC("tp_btf/nmi_handler")
int on_nmi(void *ctx)
{
	__sync_fetch_and_add(&nmis, 1);
#if defined(CASE_nmi) || defined(CASE_nmi_under_lock) || defined(CASE_for_ever_under_lock)
#ifndef CASE_nmi
	if (!held || bpf_get_smp_processor_id())
		return 0;
#endif
	if (__sync_fetch_and_add(&in_nmi, 1))
		return 0;
	be_busy();
	go_on = 0;
#endif
	return 0;
}

/* As long as the owner is interrupted, this waits with interrupts off. */
SEC("tc")
int want(struct __sk_buff *packet)
{
	take_for_long(0);
	__sync_fetch_and_add(&waited, 1);
	return 0;
}

static int ring(void *map, int *key, struct elapsing *due)
{
	be_busy();
	return 0;
}

SEC("tc")
int set_alarm(struct __sk_buff *packet)
{
	return arm(1000000);
}

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, u64);
} table SEC(".maps");

u64 updated;

#ifdef CASE_under_bucket_lock
/* The kernel calls this with the lock of the bucket held, and interrupts off. */
SEC("kprobe/alloc_htab_elem")
int under_bucket_lock(void *ctx)
{
	if (bpf_get_smp_processor_id() || __sync_fetch_and_add(&in_nmi, 1))
		return 0;
	be_busy();
	return 0;
}
#endif

/* Since 6.15 the lock gives up after a while, and the update fails. */
static long update_once(u32 i, void *ctx)
{
	int key = 0;
	u64 value = i;

	bpf_map_update_elem(&table, &key, &value, BPF_ANY);
	bpf_map_delete_elem(&table, &key);
	return 0;
}

SEC("raw_tp")
int update(void *ctx)
{
	bpf_loop(2000, update_once, NULL, 0);
	__sync_fetch_and_add(&updated, 1);
	return 0;
}
