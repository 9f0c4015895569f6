// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* For packets alone. */
SEC("syscall")
int refused(void *ctx)
{
	return bpf_skb_load_bytes(ctx, 0, ctx, 1);
}
