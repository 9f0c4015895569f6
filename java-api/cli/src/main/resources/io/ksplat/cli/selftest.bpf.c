// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* As in tools/testing/selftests/bpf/progs/bpf_misc.h of 6.3 to 6.19, which a file of a kernel tree includes. */
#define __success	__attribute__((btf_decl_tag("comment:test_expect_success")))
#define __failure	__attribute__((btf_decl_tag("comment:test_expect_failure")))
#define __msg(msg)	__attribute__((btf_decl_tag("comment:test_expect_msg=" msg)))
#define __retval(val)	__attribute__((btf_decl_tag("comment:test_retval=" #val)))

/* Each annotated program is a case. This one has to load, and to return 2 when it is run. */
SEC("syscall")
__success __retval(2)
int @STEM@(void *ctx)
{
	return 2;
}

/* The opposite: this one has to be refused, with these words in the verifier's log. */
SEC("syscall")
__failure __msg("R0 !read_ok")
__attribute__((naked)) int @STEM@_refused(void *ctx)
{
	asm volatile("exit");
}

char LICENSE[] SEC("license") = "GPL";
