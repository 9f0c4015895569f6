// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("syscall")
int broken(void *ctx)
{
	return no_such_helper(ctx);
}

char LICENSE[] SEC("license") = "GPL";
