// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("struct_ops/ssthresh")
u32 ssthresh(struct sock *sk)
{
	return 2;
}

SEC("struct_ops/undo_cwnd")
u32 undo_cwnd(struct sock *sk)
{
	return 2;
}

SEC("struct_ops/cong_avoid")
void cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
}

SEC(".struct_ops.link")
struct tcp_congestion_ops congestion = {
	.ssthresh = (void *)ssthresh,
	.undo_cwnd = (void *)undo_cwnd,
	.cong_avoid = (void *)cong_avoid,
	.name = "ksplat",
};
