/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Helpers of tracing programs. Define VARIANT_* before including it. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define RING_BYTES (1 << 20)

#if defined(VARIANT_ringbuf_output) || defined(VARIANT_ringbuf_submit) || defined(VARIANT_ringbuf_discard) || \
	defined(VARIANT_ringbuf_query)
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} ring SEC(".maps");
#endif

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(u32 turn);

#include "operation.bpf.h"

static __always_inline long operation(u32 turn)
{
#if defined(VARIANT_trace_printk)
	static const char format[] = "turn %d";
	long result = bpf_trace_printk(format, sizeof(format), turn);

	return result < 0 ? result : 0;
#elif defined(VARIANT_trace_vprintk)
	static const char format[] = "turn %d %d %d %d";
	u64 values[] = { turn, turn, turn, turn };
	long result = bpf_trace_vprintk(format, sizeof(format), values, sizeof(values));

	return result < 0 ? result : 0;
#elif defined(VARIANT_snprintf)
	static const char format[] = "turn %d";
	u64 values[] = { turn };
	char text[32];
	long result = bpf_snprintf(text, sizeof(text), format, values, sizeof(values));

	return result < 0 ? result : 0;
#elif defined(VARIANT_ringbuf_output)
	u64 value = turn;

	return bpf_ringbuf_output(&ring, &value, sizeof(value), 0);
#elif defined(VARIANT_ringbuf_submit) || defined(VARIANT_ringbuf_discard)
	u64 *value = bpf_ringbuf_reserve(&ring, sizeof(*value), 0);

	if (!value)
		return -1;
	*value = turn;
#if defined(VARIANT_ringbuf_submit)
	bpf_ringbuf_submit(value, 0);
#else
	bpf_ringbuf_discard(value, 0);
#endif
	return 0;
#elif defined(VARIANT_ringbuf_query)
	return bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE) == RING_BYTES ? 0 : -1;
#elif defined(VARIANT_probe_read_kernel)
	u64 value = turn;

	return bpf_probe_read_kernel(&value, sizeof(value), &task_ran);
#elif defined(VARIANT_get_current_comm)
	char comm[16];

	return bpf_get_current_comm(comm, sizeof(comm));
#elif defined(VARIANT_get_current_cgroup_id)
	return bpf_get_current_cgroup_id() ? 0 : -1;
#endif
}
