// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "res_spin_lock.bpf.h"

/* One more than the table of held locks has entries (include/asm-generic/rqspinlock.h, RES_NR_HELD). */
#define HELD 32

#define RELEASE(i)                                      \
	case (i) + 1:                                   \
		bpf_res_spin_unlock(held[i]);           \
		__attribute__((fallthrough))

#define RELEASE_EIGHT(i)                                \
	RELEASE((i) + 7);                               \
	RELEASE((i) + 6);                               \
	RELEASE((i) + 5);                               \
	RELEASE((i) + 4);                               \
	RELEASE((i) + 3);                               \
	RELEASE((i) + 2);                               \
	RELEASE((i) + 1);                               \
	RELEASE(i)

int last_key;
int result = 1;
u64 taken;
u64 retaken;
u64 waited_ns;

SEC("syscall")
int take_many(void *ctx)
{
	struct bpf_res_spin_lock *held[HELD], *last;
	int n = 0, key = last_key;
	struct guarded *found;
	u64 start;

	found = bpf_map_lookup_elem(&locks, &key);
	if (!found)
		return -1;
	last = &found->lock;
#pragma unroll
	for (int i = 0; i < HELD; i++) {
		int each = i;

		found = bpf_map_lookup_elem(&locks, &each);
		if (!found)
			return -1;
		held[i] = &found->lock;
	}
	start = bpf_ktime_get_ns();
#pragma unroll
	for (int i = 0; i < HELD; i++) {
		if (bpf_res_spin_lock(held[i]))
			goto release;
		n++;
	}
	taken++;
	result = bpf_res_spin_lock(last);
	if (!result)
		bpf_res_spin_unlock(last);
release:
	/* Last in, first out, as the verifier demands. */
	switch (n) {
		RELEASE_EIGHT(24);
		RELEASE_EIGHT(16);
		RELEASE_EIGHT(8);
		RELEASE_EIGHT(0);
	default:
		break;
	}
	waited_ns = bpf_ktime_get_ns() - start;
	return 0;
}

SEC("syscall")
int take_again(void *ctx)
{
	struct guarded *last;
	int key = last_key;

	last = bpf_map_lookup_elem(&locks, &key);
	if (!last)
		return -1;
	if (bpf_res_spin_lock(&last->lock))
		return -2;
	retaken++;
	bpf_res_spin_unlock(&last->lock);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
