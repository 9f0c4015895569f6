/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keeps a reference to a cgroup while it is created: only there can a program get one. */
#ifndef CGROUP_STASH_BPF_H
#define CGROUP_STASH_BPF_H

#include "kptr.bpf.h"

struct cgroup *bpf_cgroup_acquire(struct cgroup *cgroup) __ksym;
void bpf_cgroup_release(struct cgroup *cgroup) __ksym;

struct cgroup_slot {
	struct cgroup __kptr *cgroup;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct cgroup_slot);
} made_cgroup SEC(".maps");

u64 target;

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_mkdir, struct cgroup *made)
{
	struct cgroup *cgroup, *old;
	struct cgroup_slot *slot;
	int zero = 0;

	slot = bpf_map_lookup_elem(&made_cgroup, &zero);
	if (!slot)
		return 0;
	cgroup = bpf_cgroup_acquire(made);
	if (!cgroup)
		return 0;
	target = (u64)cgroup;
	old = bpf_kptr_xchg(&slot->cgroup, cgroup);
	if (old)
		bpf_cgroup_release(old);
	return 0;
}

/* Takes the reference out; NULL if there is none. */
static __always_inline struct cgroup *take_cgroup(void)
{
	struct cgroup_slot *slot;
	int zero = 0;

	slot = bpf_map_lookup_elem(&made_cgroup, &zero);
	return slot ? bpf_kptr_xchg(&slot->cgroup, NULL) : NULL;
}

/* Returns whether one reference keeps the dead cgroup. While the count is spread over CPUs it carries a bias. */
SEC("syscall")
int is_last_reference(void *ctx)
{
	struct cgroup *cgroup = (void *)target;

	return BPF_CORE_READ(cgroup, self.refcnt.data, count.counter) == 1;
}

#endif
