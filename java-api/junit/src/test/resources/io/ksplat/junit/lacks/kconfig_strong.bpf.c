// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern bool CONFIG_OF_TOMORROW __kconfig;

SEC("syscall")
int lacking(void *ctx)
{
	return CONFIG_OF_TOMORROW;
}
