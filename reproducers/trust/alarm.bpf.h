/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One bpf_timer. The file that includes this says what ring() does when it is due. */

struct elapsing {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct elapsing);
} alarms SEC(".maps");

static int ring(void *map, int *key, struct elapsing *due);

static __always_inline int arm(u64 delay_ns)
{
	struct elapsing *due;
	int zero = 0;

	due = bpf_map_lookup_elem(&alarms, &zero);
	if (!due)
		return -1;
	bpf_timer_init(&due->timer, &alarms, 1 /* CLOCK_MONOTONIC */);
	bpf_timer_set_callback(&due->timer, ring);
	return bpf_timer_start(&due->timer, delay_ns, 0);
}
