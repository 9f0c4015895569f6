// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A deadlock on one resilient lock, which the kernel reports to the program's stderr (6.17 and later). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_res_spin_lock {
	__u32 val;
} __attribute__((aligned(4)));

int bpf_res_spin_lock(struct bpf_res_spin_lock *lock) __ksym;
void bpf_res_spin_unlock(struct bpf_res_spin_lock *lock) __ksym;

struct guarded {
	struct bpf_res_spin_lock lock;
	__u32 uses;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, int);
	__type(value, struct guarded);
} locks SEC(".maps");

int second_key;

/* Two look-ups: the verifier does not see that they find one lock. */
SEC("syscall")
int take_two(void *ctx)
{
	struct guarded *first, *second;
	int key = 0, key2 = second_key, refused;

	first = bpf_map_lookup_elem(&locks, &key);
	second = bpf_map_lookup_elem(&locks, &key2);
	if (!first || !second)
		return -1;
	if (bpf_res_spin_lock(&first->lock))
		return -2;
	refused = bpf_res_spin_lock(&second->lock);
	if (!refused)
		bpf_res_spin_unlock(&second->lock);
	bpf_res_spin_unlock(&first->lock);
	return refused;
}

char LICENSE[] SEC("license") = "GPL";
