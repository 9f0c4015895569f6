// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* No annotated program comes true. */
#include "annotate.h"

char _license[] SEC("license") = "GPL";

SEC("socket") __success __retval(4)
__attribute__((naked)) int returns_something_else(void)
{
	asm volatile("r0 = 3; exit;");
}

SEC("socket") __failure
__attribute__((naked)) int is_not_refused(void)
{
	asm volatile("r0 = 3; exit;");
}

SEC("socket") __success
__attribute__((naked)) int is_refused(void)
{
	asm volatile("r0 = 7; r0 = *(u64 *)(r0 + 0); exit;");
}

SEC("socket") __failure __msg("a reason that no verifier gives")
__attribute__((naked)) int is_refused_for_another_reason(void)
{
	asm volatile("r0 = 7; r0 = *(u64 *)(r0 + 0); exit;");
}

SEC("socket") __failure __msg("R0 invalid mem access") __msg("0: (b7) r0 = 7") __log_level(2)
__attribute__((naked)) int is_refused_in_another_order(void)
{
	asm volatile("r0 = 7; r0 = *(u64 *)(r0 + 0); exit;");
}

SEC("socket") __success __log_level(2) __not_msg("r0 = 3")
__attribute__((naked)) int says_what_it_must_not(void)
{
	asm volatile("r0 = 3; exit;");
}

SEC("socket") __success __xlated("1: exit") __xlated("0: r0 = 3")
__attribute__((naked)) int is_written_in_another_order(void)
{
	asm volatile("r0 = 3; exit;");
}

SEC("socket") ONE("test_expect_a_miracle") __success
__attribute__((naked)) int has_an_unknown_annotation(void)
{
	asm volatile("r0 = 3; exit;");
}

SEC("socket") __success_unpriv
__attribute__((naked)) int needs_privilege(void)
{
	asm volatile("r0 = r10; exit;");
}
