// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "cgroup_stash.bpf.h"

u64 aimed;
u64 handled;
u64 dropped;
u64 freed;

static __always_inline void drop(void)
{
	struct cgroup *cgroup = take_cgroup();

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
