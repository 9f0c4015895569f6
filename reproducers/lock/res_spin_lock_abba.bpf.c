// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "res_spin_lock.bpf.h"

#define ROUNDS 4000
#define PATIENCE (1 << 23)
/* Calls are not allowed under a lock, and the verifier follows a plain loop step by step. */
#define SPINS 500

volatile int same_order;
/* One variable per CPU: the verifier loses track of an index that a callback may have changed. */
volatile u64 arrived0, arrived1;
volatile u64 holding0, holding1;
int refused;
u64 both_held;
u64 raced;
u64 ended;
u64 retaken;

struct round {
	u64 number;
	u32 me;
};

static __always_inline u64 arrived(u32 cpu)
{
	return cpu ? arrived1 : arrived0;
}

static __always_inline void set_arrived(u32 cpu, u64 number)
{
	if (cpu)
		arrived1 = number;
	else
		arrived0 = number;
}

static __always_inline u64 holding(u32 cpu)
{
	return cpu ? holding1 : holding0;
}

static __always_inline void set_holding(u32 cpu, u64 number)
{
	if (cpu)
		holding1 = number;
	else
		holding0 = number;
}

static long other_is_here(u64 i, struct round *round)
{
	return arrived(!round->me) > round->number;
}

static long race(u64 number, u32 *cpu)
{
	u32 me = *cpu, other = !me;
	int key = same_order ? 0 : me, key2 = same_order ? 1 : other;
	struct round round = { .number = number, .me = me };
	struct guarded *first, *second;
	int error;

	first = bpf_map_lookup_elem(&locks, &key);
	second = bpf_map_lookup_elem(&locks, &key2);
	if (!first || !second)
		return 1;
	set_arrived(me, number + 1);
	bpf_loop(PATIENCE, other_is_here, &round, 0);
	if (bpf_res_spin_lock(&first->lock))
		return 0;
	set_holding(me, number + 1);
	for (int i = 0; i < SPINS && !same_order && holding(other) <= number; i++)
		;
	if (holding(other) == number + 1 && !same_order)
		__sync_fetch_and_add(&both_held, 1);
	error = bpf_res_spin_lock(&second->lock);
	if (!error)
		bpf_res_spin_unlock(&second->lock);
	set_holding(me, 0);
	bpf_res_spin_unlock(&first->lock);
	if (error)
		refused = error;
	if (arrived(other) == number + 1)
		__sync_fetch_and_add(&raced, 1);
	return refused != 0;
}

SEC("syscall")
int on_cpu0(void *ctx)
{
	u32 me = 0;

	bpf_loop(ROUNDS, race, &me, 0);
	set_arrived(me, ROUNDS + 1);
	__sync_fetch_and_add(&ended, 1);
	return 0;
}

SEC("syscall")
int on_cpu1(void *ctx)
{
	u32 me = 1;

	bpf_loop(ROUNDS, race, &me, 0);
	set_arrived(me, ROUNDS + 1);
	__sync_fetch_and_add(&ended, 1);
	return 0;
}

SEC("syscall")
int take_both(void *ctx)
{
	struct guarded *first, *second;
	int key = 0, key2 = 1;

	first = bpf_map_lookup_elem(&locks, &key);
	second = bpf_map_lookup_elem(&locks, &key2);
	if (!first || !second || bpf_res_spin_lock(&first->lock))
		return -1;
	if (!bpf_res_spin_lock(&second->lock)) {
		retaken++;
		bpf_res_spin_unlock(&second->lock);
	}
	bpf_res_spin_unlock(&first->lock);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
