/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts what the programs of tasks.h say: by a system call that does nothing, so that no agent is asked. */
#ifndef TELL_BPF_H
#define TELL_BPF_H

#include <bpf/bpf_tracing.h>

#define TOLD 0x6b73
#define GETPGID 121

u64 ready;
u64 ended;

SEC("tp_btf/sys_enter")
int BPF_PROG(told, struct pt_regs *regs, long number)
{
	if (number != GETPGID)
		return 0;
	if (regs->di == TOLD)
		__sync_fetch_and_add(&ready, 1);
	else if (regs->di == TOLD + 1)
		__sync_fetch_and_add(&ended, 1);
	return 0;
}

#endif
