// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

static long (*helper_of_tomorrow)(void) = (void *)999;

SEC("syscall")
int lacking(void *ctx)
{
	return helper_of_tomorrow();
}
