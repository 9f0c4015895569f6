// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Allocates and frees an object with BPF's allocator in each NMI, while a map frees all of its objects elsewhere. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym;

u64 allocated;

SEC("tp_btf/nmi_handler")
int on_nmi(void *ctx)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();

	if (!mask)
		return 0;
	bpf_cpumask_release(mask);
	__sync_fetch_and_add(&allocated, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
