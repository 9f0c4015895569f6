// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "workload.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1000);
	__type(key, u32);
	__type(value, u64);
} churned SEC(".maps");

/* An event is an update and a delete. */
static long event(u64 i, u32 *done)
{
	u32 key = bpf_get_smp_processor_id();
	u64 value = 1;

	if (!bpf_map_update_elem(&churned, &key, &value, BPF_ANY) && !bpf_map_delete_elem(&churned, &key))
		*done += 1;
	return 0;
}

static __always_inline u32 batch(void)
{
	u32 done = 0;

	bpf_loop(BATCH, event, &done, 0);
	return done;
}

SEC("raw_tp")
int churn(void *ctx)
{
	run();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
