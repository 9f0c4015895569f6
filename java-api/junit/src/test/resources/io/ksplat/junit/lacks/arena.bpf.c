// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA: 6.9 */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
} pages SEC(".maps");

SEC("syscall")
int touch(void *ctx)
{
	return 0;
}
