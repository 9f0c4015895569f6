/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A load that one CPU does for a fixed time of the guest's clock, and counts. */
#ifndef WORKLOAD_BPF_H
#define WORKLOAD_BPF_H

#define NS_PER_RUN 500000000ULL
/* So many events between two looks at the clock that these cost nothing beside them. */
#define BATCH 64
/* More than any CPU does within the time. */
#define MOST_BATCHES (1 << 20)

/* Of all CPUs together. */
u64 events;
u64 cpu_ns;
u64 ended;

struct work {
	u64 begin;
	u64 events;
};

/* Does BATCH events, and returns how many of them succeeded. */
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
