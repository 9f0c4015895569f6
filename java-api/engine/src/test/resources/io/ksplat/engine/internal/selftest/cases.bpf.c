// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Each annotated program comes true on every kernel that ksplat knows. */
#include "annotate.h"

char _license[] SEC("license") = "GPL";

struct context;

/* 64 bytes, without the Ethernet header that net/bpf/test_run.c takes off. */
SEC("socket") __success __retval(50)
int packet_length(struct context *context)
{
	return *(unsigned int *)context;
}

SEC("socket") __failure __msg("R0 invalid mem access 'scalar'") __log_level(2)
__attribute__((naked)) int reads_a_number(void)
{
	asm volatile("r0 = 7; r0 = *(u64 *)(r0 + 0); exit;");
}

SEC("socket") __failure __msg("0: {{\\(b7\\)}} r0 = 7") __msg("1: (79)") __not_msg("R9") __log_level(2)
__attribute__((naked)) int messages_in_order(void)
{
	asm volatile("r0 = 7; r0 = *(u64 *)(r0 + 0); exit;");
}

SEC("socket") __success __failure_unpriv __msg_unpriv("R0 leaks addr as return value") __retval(0xbadcafe)
__attribute__((naked)) int returns_a_pointer(void)
{
	asm volatile("r0 = r10; exit;");
}

SEC("socket") __success __xlated("0: r0 = 3") __xlated("1: exit") __retval(3)
__attribute__((naked)) int is_rewritten_to_itself(void)
{
	asm volatile("r0 = 3; exit;");
}

SEC("socket") __failure __arch_arm64
__attribute__((naked)) int of_another_machine(void)
{
	asm volatile("r0 = 3; exit;");
}

SEC("socket")
__attribute__((naked)) int without_annotations(void)
{
	asm volatile("r0 = 0; exit;");
}

SEC("socket") __auxiliary
__attribute__((naked)) int loaded_beside(void)
{
	asm volatile("r0 = 0; exit;");
}
