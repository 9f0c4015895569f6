/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Runs a load on one CPU for a fixed time of the guest's clock, and counts its events. */
#ifndef WORKLOAD_BPF_H
#define WORKLOAD_BPF_H

#define NS_PER_RUN 500000000ULL
/* Events between two reads of the clock, enough to make the cost of the reads negligible. */
#define BATCH 64
/* More batches than any CPU completes within the time. */
#define MOST_BATCHES (1 << 20)

/* Totals over all CPUs. */
u64 events;
u64 cpu_ns;
u64 ended;

struct work {
	u64 begin;
	u64 events;
};

/* Runs BATCH events and returns how many succeeded. */
static __always_inline u32 batch(void);

static long one_batch(u64 i, struct work *work)
{
	work->events += batch();
	return bpf_ktime_get_ns() - work->begin >= NS_PER_RUN;
}

static __always_inline void run(void)
{
	struct work work = { .begin = bpf_ktime_get_ns() };

	bpf_loop(MOST_BATCHES, one_batch, &work, 0);
	__sync_fetch_and_add(&cpu_ns, bpf_ktime_get_ns() - work.begin);
	__sync_fetch_and_add(&events, work.events);
	__sync_fetch_and_add(&ended, 1);
}

#endif
