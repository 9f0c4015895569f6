// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

u64 n;

SEC("fentry/vfs_unlink")
int refused(void *ctx)
{
	n = bpf_ktime_get_ns();
	bpf_printk("x");
	return 0;
}
