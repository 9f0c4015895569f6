/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contexts of an operation that ksplat hunt tries. The file of a family defines, before it includes this one,
 *	static __always_inline long prepare(void);
 *	static __always_inline long operation(u32 turn);
 * where 0 is success and a turn below FIRST_NMI_TURN is one of the task's.
 */
#ifndef OPERATION_BPF_H
#define OPERATION_BPF_H

/* In each context of its own: an operation may not be tried twice on the same element. */
#define FIRST_NMI_TURN 1024

u64 task_ran;
u64 task_succeeded;
/* The last one, positive: what is counted never decreases below its beginning. */
u64 task_error;
u64 nmi_ran;
u64 nmi_succeeded;
u64 nmi_error;

SEC("syscall")
int set_up(void *ctx)
{
	return prepare();
}

/* The load of CPU 0 unlinks files. */
SEC("fentry/vfs_unlink")
int in_task(void *ctx)
{
	long result;

	if (bpf_get_smp_processor_id())
		return 0;
	result = operation(task_ran++ & (FIRST_NMI_TURN - 1));
	if (result)
		task_error = result < 0 ? -result : result;
	else
		task_succeeded++;
	return 0;
}

/* Once for every handler of an NMI. */
SEC("tp_btf/nmi_handler")
int in_nmi(void *ctx)
{
	long result;

	if (bpf_get_smp_processor_id())
		return 0;
	result = operation((nmi_ran & (FIRST_NMI_TURN - 1)) + FIRST_NMI_TURN);
	if (result)
		nmi_error = result < 0 ? -result : result;
	else
		nmi_succeeded++;
	nmi_ran++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

#endif
