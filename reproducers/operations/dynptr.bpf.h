/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Dynamic pointers, to memory and to a ring buffer. Define VARIANT_* before including it. */
#include "operation.bpf.h"

#if defined(VARIANT_ringbuf_submit) || defined(VARIANT_ringbuf_discard)
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} map SEC(".maps");
#elif defined(VARIANT_slice)
void *bpf_dynptr_slice(const struct bpf_dynptr *p, u64 offset, void *buffer, u64 buffer__szk) __ksym __weak;
#elif defined(VARIANT_slice_rdwr)
void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, u64 offset, void *buffer, u64 buffer__szk) __ksym __weak;
#elif defined(VARIANT_clone)
int bpf_dynptr_adjust(const struct bpf_dynptr *p, u64 start, u64 end) __ksym __weak;
int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *clone) __ksym __weak;
bool bpf_dynptr_is_null(const struct bpf_dynptr *p) __ksym __weak;
bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *p) __ksym __weak;
u64 bpf_dynptr_size(const struct bpf_dynptr *p) __ksym __weak;
#elif defined(VARIANT_copy)
int bpf_dynptr_copy(struct bpf_dynptr *to, u64 to_offset, struct bpf_dynptr *from, u64 from_offset, u64 size) __ksym __weak;
int bpf_dynptr_memset(struct bpf_dynptr *p, u64 offset, u64 size, u8 value) __ksym __weak;
#elif defined(VARIANT_probe_read)
int bpf_probe_read_kernel_dynptr(struct bpf_dynptr *p, u64 offset, u64 size, const void *from) __ksym __weak;
int bpf_probe_read_kernel_str_dynptr(struct bpf_dynptr *p, u64 offset, u64 size, const void *from) __ksym __weak;
int bpf_probe_read_user_dynptr(struct bpf_dynptr *p, u64 offset, u64 size, const void *from) __ksym __weak;
#elif defined(VARIANT_copy_from_user)
int bpf_copy_from_user_dynptr(struct bpf_dynptr *p, u64 offset, u64 size, const void *from) __ksym __weak;
#endif

char area[2][64];

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
	struct bpf_dynptr pointer;
	long result;
#if defined(VARIANT_memory) || defined(VARIANT_ringbuf_submit) || defined(VARIANT_ringbuf_discard)
	u64 value = turn;
#endif

#if defined(VARIANT_ringbuf_submit) || defined(VARIANT_ringbuf_discard)
	result = bpf_ringbuf_reserve_dynptr(&map, sizeof(value), 0, &pointer);
	if (!result)
		result = bpf_dynptr_write(&pointer, 0, &value, sizeof(value), 0);
#if defined(VARIANT_ringbuf_submit)
	bpf_ringbuf_submit_dynptr(&pointer, 0);
#else
	bpf_ringbuf_discard_dynptr(&pointer, 0);
#endif
	return result;
#else
#if defined(VARIANT_slice) || defined(VARIANT_slice_rdwr)
	char buffer[8];
#elif defined(VARIANT_clone)
	struct bpf_dynptr clone;
#endif

	/* A constant index: the verifier wants memory of a known place. */
	if (turn < FIRST_NMI_TURN)
		result = bpf_dynptr_from_mem(area[0], sizeof(area[0]), 0, &pointer);
	else
		result = bpf_dynptr_from_mem(area[1], sizeof(area[1]), 0, &pointer);
	if (result)
		return result;
#if defined(VARIANT_memory)
	result = bpf_dynptr_write(&pointer, 0, &value, sizeof(value), 0);
	if (!result)
		result = bpf_dynptr_read(&value, sizeof(value), &pointer, 8, 0);
	if (!result && !bpf_dynptr_data(&pointer, 0, sizeof(value)))
		result = -1;
#elif defined(VARIANT_slice)
	if (!bpf_dynptr_slice(&pointer, 0, buffer, sizeof(buffer)))
		result = -1;
#elif defined(VARIANT_slice_rdwr)
	if (!bpf_dynptr_slice_rdwr(&pointer, 0, buffer, sizeof(buffer)))
		result = -1;
#elif defined(VARIANT_clone)
	result = bpf_dynptr_clone(&pointer, &clone);
	if (!result)
		result = bpf_dynptr_adjust(&clone, 0, 8);
	if (bpf_dynptr_is_null(&clone) || bpf_dynptr_is_rdonly(&clone) || bpf_dynptr_size(&clone) != 8)
		result = -1;
#elif defined(VARIANT_copy)
	result = bpf_dynptr_memset(&pointer, 0, 32, 1);
	if (!result)
		result = bpf_dynptr_copy(&pointer, 0, &pointer, 32, 16);
#elif defined(VARIANT_probe_read)
	struct task_struct *task = (void *)bpf_get_current_task();

	result = bpf_probe_read_kernel_dynptr(&pointer, 0, 8, &task_ran);
	if (!result && bpf_probe_read_kernel_str_dynptr(&pointer, 0, 16, task->comm) < 0)
		result = -1;
	if (!result)
		result = bpf_probe_read_user_dynptr(&pointer, 0, 8, (void *)BPF_CORE_READ(task, mm, arg_start));
#elif defined(VARIANT_copy_from_user)
	struct task_struct *task = (void *)bpf_get_current_task();

	result = bpf_copy_from_user_dynptr(&pointer, 0, 8, (void *)BPF_CORE_READ(task, mm, arg_start));
#endif
	return result;
#endif
}
