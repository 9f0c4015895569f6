// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int CONFIG_HZ __kconfig;
extern bool CONFIG_OF_TOMORROW __kconfig __weak;
extern int LINUX_KERNEL_VERSION __kconfig;

u64 hz, version;

SEC("syscall")
int look(void *ctx)
{
	hz = CONFIG_HZ + CONFIG_OF_TOMORROW;
	version = LINUX_KERNEL_VERSION;
	return 0;
}
