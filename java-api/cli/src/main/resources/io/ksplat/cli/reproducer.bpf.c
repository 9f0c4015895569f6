// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

/* The Java side reads and sets global variables by their names. */
__u64 handled;

/* Runs once for every handler of an NMI, in NMI context: put here what you suspect. */
SEC("tp_btf/nmi_handler")
int BPF_PROG(on_nmi)
{
	__sync_fetch_and_add(&handled, 1);
	return 0;
}
