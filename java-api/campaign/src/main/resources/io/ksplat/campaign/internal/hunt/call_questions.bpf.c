// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One call a program, with whatever the registers hold: the verifier first decides whether programs of this type may
 * make it. CALLS names them: CALL(name, source register, number)...
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define OPCODE 0x85ULL /* BPF_JMP | BPF_CALL */
#define INSN(source, number) (OPCODE | (source##ULL << 12) | (number##ULL << 32))

#define CALL(name, source, number)                                                                  \
	SEC("?fentry/vfs_unlink")                                                                   \
	int ask_##name(void *ctx)                                                                   \
	{                                                                                           \
		asm volatile(".8byte %[insn]" ::[insn] "i"(INSN(source, number))                    \
			     : "r0", "r1", "r2", "r3", "r4", "r5");                                 \
		return 0;                                                                           \
	}

CALLS

char LICENSE[] SEC("license") = "GPL";
