/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An array of resilient locks. */
#ifndef RES_SPIN_LOCK_BPF_H
#define RES_SPIN_LOCK_BPF_H

int bpf_res_spin_lock(struct bpf_res_spin_lock *lock) __ksym;
void bpf_res_spin_unlock(struct bpf_res_spin_lock *lock) __ksym;

#define LOCKS 64

struct guarded {
	struct bpf_res_spin_lock lock;
	u32 uses;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LOCKS);
	__type(key, int);
	__type(value, struct guarded);
} locks SEC(".maps");

#endif
