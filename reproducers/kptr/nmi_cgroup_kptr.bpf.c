// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
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
} stash SEC(".maps");

u64 target;
u64 aimed;
u64 handled;
u64 dropped;
u64 freed;

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_mkdir, struct cgroup *made)
{
	struct cgroup *cgroup, *old;
	struct cgroup_slot *slot;
	int zero = 0;

	slot = bpf_map_lookup_elem(&stash, &zero);
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

SEC("syscall")
int is_last_reference(void *ctx)
{
	return last_reference((void *)target);
}

static __always_inline void drop(void)
{
	struct cgroup *cgroup;
	struct cgroup_slot *slot;
	int zero = 0;

	slot = bpf_map_lookup_elem(&stash, &zero);
	if (!slot)
		return;
	cgroup = bpf_kptr_xchg(&slot->cgroup, NULL);
	if (!cgroup)
		return;
	bpf_cgroup_release(cgroup);
	__sync_fetch_and_add(&dropped, 1);
}

SEC("tp_btf/nmi_handler")
int on_nmi(void *ctx)
{
	if (in_worker_of_cpu0()) {
		__sync_fetch_and_add(&aimed, 1);
		drop();
	}
	__sync_fetch_and_add(&handled, 1);
	return 0;
}

SEC("syscall")
int in_task(void *ctx)
{
	drop();
	return 0;
}

SEC("fentry/css_free_rwork_fn")
int on_free(void *ctx)
{
	if (within(argument(ctx, 0), target, sizeof(struct cgroup)))
		__sync_fetch_and_add(&freed, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
