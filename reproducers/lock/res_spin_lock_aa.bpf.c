// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "res_spin_lock.bpf.h"

int second_key;
int result = 1;
u64 taken;
u64 retaken;

/* Two look-ups: the verifier refuses the program if it sees that both find the same lock. */
SEC("syscall")
int take_two(void *ctx)
{
	struct guarded *first, *second;
	int key = 0, key2 = second_key;

	first = bpf_map_lookup_elem(&locks, &key);
	second = bpf_map_lookup_elem(&locks, &key2);
	if (!first || !second)
		return -1;
	if (bpf_res_spin_lock(&first->lock))
		return -2;
	taken++;
	result = bpf_res_spin_lock(&second->lock);
	if (!result)
		bpf_res_spin_unlock(&second->lock);
	bpf_res_spin_unlock(&first->lock);
	return 0;
}

SEC("syscall")
int take_again(void *ctx)
{
	struct guarded *first;
	int key = 0;

	first = bpf_map_lookup_elem(&locks, &key);
	if (!first)
		return -1;
	if (bpf_res_spin_lock(&first->lock))
		return -2;
	retaken++;
	bpf_res_spin_unlock(&first->lock);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
