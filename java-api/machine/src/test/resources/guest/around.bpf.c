// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs around functions that take locks: what these call runs on top of JITed code. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("fexit/d_alloc")
int around_d_alloc(void *ctx)
{
	return 0;
}

SEC("fexit/alloc_fd")
int around_alloc_fd(void *ctx)
{
	return 0;
}

SEC("fexit/new_inode")
int around_new_inode(void *ctx)
{
	return 0;
}

SEC("fexit/d_instantiate")
int around_d_instantiate(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
