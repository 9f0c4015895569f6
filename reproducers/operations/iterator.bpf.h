/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Iterators, a few steps of each. Define VARIANT_* before including it. */
#include "operation.bpf.h"

/* A way through everything would be longer than what is walked. */
#define STEPS 3
#define ROOT_GROUP 1

#if defined(VARIANT_num)
int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym __weak;
int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym __weak;
void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym __weak;
#define NAME num
#define ARGUMENTS 0, 100
#elif defined(VARIANT_bits)
int bpf_iter_bits_new(struct bpf_iter_bits *it, const u64 *words, u32 count) __ksym __weak;
int *bpf_iter_bits_next(struct bpf_iter_bits *it) __ksym __weak;
void bpf_iter_bits_destroy(struct bpf_iter_bits *it) __ksym __weak;
u64 words[2] = { ~0ULL, ~0ULL };
#define NAME bits
#define ARGUMENTS words, 2
#elif defined(VARIANT_task)
int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __ksym __weak;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;
#define NAME task
/* All processes. */
#define ARGUMENTS NULL, 0
#elif defined(VARIANT_task_vma)
int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, u64 address) __ksym __weak;
struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym __weak;
void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym __weak;
#define NAME task_vma
#define ARGUMENTS bpf_get_current_task_btf(), 0
#elif defined(VARIANT_css)
int bpf_iter_css_new(struct bpf_iter_css *it, struct cgroup_subsys_state *start, unsigned int flags) __ksym __weak;
struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *it) __ksym __weak;
void bpf_iter_css_destroy(struct bpf_iter_css *it) __ksym __weak;
#define NAME css
#define ARGUMENTS &cgroup->self, BPF_CGROUP_ITER_DESCENDANTS_PRE
#define OF_CGROUP
#elif defined(VARIANT_css_task)
int bpf_iter_css_task_new(struct bpf_iter_css_task *it, struct cgroup_subsys_state *css, unsigned int flags) __ksym __weak;
struct task_struct *bpf_iter_css_task_next(struct bpf_iter_css_task *it) __ksym __weak;
void bpf_iter_css_task_destroy(struct bpf_iter_css_task *it) __ksym __weak;
#define NAME css_task
/* The leaders of thread groups. */
#define ARGUMENTS &cgroup->self, 1
#define OF_CGROUP
#elif defined(VARIANT_kmem_cache)
int bpf_iter_kmem_cache_new(struct bpf_iter_kmem_cache *it) __ksym __weak;
struct kmem_cache *bpf_iter_kmem_cache_next(struct bpf_iter_kmem_cache *it) __ksym __weak;
void bpf_iter_kmem_cache_destroy(struct bpf_iter_kmem_cache *it) __ksym __weak;
#define NAME kmem_cache
#elif defined(VARIANT_dmabuf)
int bpf_iter_dmabuf_new(struct bpf_iter_dmabuf *it) __ksym __weak;
struct dma_buf *bpf_iter_dmabuf_next(struct bpf_iter_dmabuf *it) __ksym __weak;
void bpf_iter_dmabuf_destroy(struct bpf_iter_dmabuf *it) __ksym __weak;
#define NAME dmabuf
#endif

#ifdef OF_CGROUP
struct cgroup *bpf_cgroup_from_id(u64 id) __ksym __weak;
void bpf_cgroup_release(struct cgroup *cgroup) __ksym __weak;
#endif

#define JOINED(a, b, c) a##b##c
#define FUNCTION(name, end) JOINED(bpf_iter_, name, end)
#define JOINED_TYPE(name) struct bpf_iter_##name
#define TYPE(name) JOINED_TYPE(name)

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
	TYPE(NAME) it;
	long result, i;
#ifdef OF_CGROUP
	struct cgroup *cgroup = bpf_cgroup_from_id(ROOT_GROUP);

	if (!cgroup)
		return -1;
#endif
#ifdef ARGUMENTS
	result = FUNCTION(NAME, _new)(&it, ARGUMENTS);
#else
	result = FUNCTION(NAME, _new)(&it);
#endif
	for (i = 0; i < STEPS; i++)
		if (!FUNCTION(NAME, _next)(&it))
			break;
	FUNCTION(NAME, _destroy)(&it);
#ifdef OF_CGROUP
	bpf_cgroup_release(cgroup);
#endif
	return result;
}
