/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * References to objects of the kernel, taken and given back, none of them the last one; and what is asked of such objects. Define
 * VARIANT_* before including it.
 */
#include "operation.bpf.h"

#define AGENT 1
#define ROOT_GROUP 1

struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym __weak;
struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
struct task_struct *bpf_task_from_vpid(s32 pid) __ksym __weak;
void bpf_task_release(struct task_struct *task) __ksym __weak;
long bpf_task_under_cgroup(struct task_struct *task, struct cgroup *ancestor) __ksym __weak;
struct cgroup *bpf_task_get_cgroup1(struct task_struct *task, int hierarchy) __ksym __weak;
struct cgroup *bpf_cgroup_acquire(struct cgroup *cgroup) __ksym __weak;
struct cgroup *bpf_cgroup_ancestor(struct cgroup *cgroup, int level) __ksym __weak;
struct cgroup *bpf_cgroup_from_id(u64 id) __ksym __weak;
void bpf_cgroup_release(struct cgroup *cgroup) __ksym __weak;
#if defined(VARIANT_root_mem_cgroup)
struct mem_cgroup *bpf_get_root_mem_cgroup(void) __ksym __weak;
void bpf_put_mem_cgroup(struct mem_cgroup *group) __ksym __weak;
unsigned long bpf_mem_cgroup_usage(struct mem_cgroup *group) __ksym __weak;
#elif defined(VARIANT_kmem_cache)
struct kmem_cache *bpf_get_kmem_cache(u64 address) __ksym __weak;
#elif defined(VARIANT_exe_file)
struct file *bpf_get_task_exe_file(struct task_struct *task) __ksym __weak;
void bpf_put_file(struct file *file) __ksym __weak;
#elif defined(VARIANT_send_signal)
int bpf_send_signal_task(struct task_struct *task, int signal, enum pid_type type, u64 value) __ksym __weak;
#elif defined(VARIANT_rstat_updated) && defined(HAS_css_rstat_updated)
void css_rstat_updated(struct cgroup_subsys_state *css, int cpu) __ksym __weak;
#elif defined(VARIANT_rstat_updated)
void cgroup_rstat_updated(struct cgroup *cgroup, int cpu) __ksym __weak;
#elif defined(VARIANT_rstat_flush) && defined(HAS_css_rstat_flush)
void css_rstat_flush(struct cgroup_subsys_state *css) __ksym __weak;
#elif defined(VARIANT_rstat_flush)
void cgroup_rstat_flush(struct cgroup *cgroup) __ksym __weak;
#endif

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long with_cgroup(struct cgroup *cgroup)
{
#if defined(VARIANT_cgroup_acquire)
	struct cgroup *more = bpf_cgroup_acquire(cgroup);

	if (!more)
		return -1;
	bpf_cgroup_release(more);
#elif defined(VARIANT_cgroup_ancestor)
	struct cgroup *more = bpf_cgroup_ancestor(cgroup, 0);

	if (!more)
		return -1;
	bpf_cgroup_release(more);
#elif defined(VARIANT_task_under_cgroup)
	return bpf_task_under_cgroup(bpf_get_current_task_btf(), cgroup) ? 0 : -1;
#elif defined(VARIANT_rstat_updated) && defined(HAS_css_rstat_updated)
	css_rstat_updated(&cgroup->self, 0);
#elif defined(VARIANT_rstat_updated)
	cgroup_rstat_updated(cgroup, 0);
#elif defined(VARIANT_rstat_flush) && defined(HAS_css_rstat_flush)
	css_rstat_flush(&cgroup->self);
#elif defined(VARIANT_rstat_flush)
	cgroup_rstat_flush(cgroup);
#endif
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
#if defined(VARIANT_task_acquire)
	struct task_struct *task = bpf_task_acquire(bpf_get_current_task_btf());

	if (!task)
		return -1;
	bpf_task_release(task);
	return 0;
#elif defined(VARIANT_task_from_pid)
	struct task_struct *task = bpf_task_from_pid(AGENT);

	if (!task)
		return -1;
	bpf_task_release(task);
	return 0;
#elif defined(VARIANT_task_from_vpid)
	struct task_struct *task = bpf_task_from_vpid(AGENT);

	if (!task)
		return -1;
	bpf_task_release(task);
	return 0;
#elif defined(VARIANT_task_cgroup1)
	struct cgroup *cgroup = bpf_task_get_cgroup1(bpf_get_current_task_btf(), 0);

	/* The machine has no hierarchy of version 1. */
	if (!cgroup)
		return 0;
	bpf_cgroup_release(cgroup);
	return 0;
#elif defined(VARIANT_root_mem_cgroup)
	struct mem_cgroup *group = bpf_get_root_mem_cgroup();

	if (!group)
		return -1;
	bpf_mem_cgroup_usage(group);
	bpf_put_mem_cgroup(group);
	return 0;
#elif defined(VARIANT_kmem_cache)
	return bpf_get_kmem_cache((u64)bpf_get_current_task()) ? 0 : -1;
#elif defined(VARIANT_exe_file)
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());

	if (!file)
		return -1;
	bpf_put_file(file);
	return 0;
#elif defined(VARIANT_send_signal)
	return bpf_send_signal_task(bpf_get_current_task_btf(), 23, PIDTYPE_TGID, turn);
#else
	struct cgroup *cgroup = bpf_cgroup_from_id(ROOT_GROUP);
	long result;

	if (!cgroup)
		return -2;
	result = with_cgroup(cgroup);
	bpf_cgroup_release(cgroup);
	return result;
#endif
}
