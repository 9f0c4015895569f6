// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One program a case: what it needs, some kernel lacks, or every kernel refuses. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

u64 runs;

#ifndef CASE_license
char LICENSE[] SEC("license") = "GPL";
#endif

#ifdef CASE_kfunc
extern int bpf_kfunc_of_tomorrow(struct task_struct *p) __ksym;

SEC("syscall")
int subject(void *ctx)
{
	return bpf_kfunc_of_tomorrow((void *)0);
}
#endif

#ifdef CASE_helper
static long (*helper_of_tomorrow)(void) = (void *)999;

SEC("syscall")
int subject(void *ctx)
{
	return helper_of_tomorrow();
}
#endif

#ifdef CASE_function
SEC("fentry/function_of_another_kernel")
int subject(void *ctx)
{
	return 0;
}
#endif

#ifdef CASE_prototype
extern struct task_struct *bpf_task_from_pid(struct file *f, int more) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

SEC("syscall")
int subject(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(0, 1);

	if (task)
		bpf_task_release(task);
	return 0;
}
#endif

#ifdef CASE_license
SEC("fentry/vfs_unlink")
int subject(void *ctx)
{
	bpf_printk("x");
	return 0;
}
#endif

#ifdef CASE_copy_of_a_function
SEC("kprobe/finish_task_switch.isra.0")
int subject(void *ctx)
{
	__sync_fetch_and_add(&runs, 1);
	return 0;
}
#endif

#ifdef CASE_configuration
extern int CONFIG_HZ __kconfig;
extern int LINUX_KERNEL_VERSION __kconfig;

SEC("syscall")
int subject(void *ctx)
{
	runs = CONFIG_HZ > 0 && LINUX_KERNEL_VERSION > 0;
	return 0;
}
#endif

#if defined(CASE_crashes) || defined(CASE_exits)
SEC("syscall")
int subject(void *ctx)
{
	runs = 1;
	return 0;
}
#endif
