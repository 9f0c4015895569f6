/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two spin locks of BPF's, each in a map value of its own, held nearly all the time by whoever takes them in a loop. */
#ifndef SPIN_BPF_H
#define SPIN_BPF_H

/* Longer than the rest of the loop, and short enough for the verifier, which walks through all of it. */
#define WORK 200
#define ROUNDS (1 << 23)

struct guarded {
	struct bpf_spin_lock lock;
	u32 padding;
	volatile u64 uses;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, int);
	__type(value, struct guarded);
} locks SEC(".maps");

/* Until when CPUs take locks. Nobody else runs on them as long, not even the agent, so that it has to be set before. */
volatile u64 go_on = 1;
u64 most = -1;
u64 held;
u64 in_nmi;

static __always_inline void take(int which, int work)
{
	struct guarded *guarded = bpf_map_lookup_elem(&locks, &which);

	if (!guarded)
		return;
	bpf_spin_lock(&guarded->lock);
	for (int i = 0; i < work; i++)
		guarded->uses++;
	bpf_spin_unlock(&guarded->lock);
}

static long take_once(u32 i, int *which)
{
	take(*which, WORK);
	held++;
	return !go_on || held >= most;
}

static __always_inline void take_for_long(int which)
{
	bpf_loop(ROUNDS, take_once, &which, 0);
}

/* On CPU 0 lock 0, on CPU 1 lock 1 */
SEC("tc")
int hold(struct __sk_buff *packet)
{
	take_for_long(bpf_get_smp_processor_id() & 1);
	return 0;
}

SEC("tc")
int hold_first(struct __sk_buff *packet)
{
	take_for_long(0);
	return 0;
}

#endif
