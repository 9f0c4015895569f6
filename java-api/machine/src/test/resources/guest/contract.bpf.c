// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What BpfContract tries on both targets. It needs no kernel's vmlinux.h: the same object runs on all. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum phase { PHASE_EARLY = 1, PHASE_LATE = 7 };

struct point {
	short x;
	short y;
};

struct slot {
	int pid;
	unsigned long long since;
	char comm[16];
	struct point at;
	enum phase phase;
	unsigned char raw[4];
	int levels[3];
	unsigned int urgent : 1;
	unsigned int depth : 5;
	_Bool live;
};

struct event {
	int number;
	char text[12];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 5000);
	__type(key, int);
	__type(value, struct slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, int);
	__type(value, long long);
} numbers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, int);
	__type(value, int);
} per_cpu SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, long long);
} storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, int);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

const volatile int limit = 3;
const volatile char label[8] = "none";
const struct event *unused_event __attribute__((unused));

unsigned long long runs;
unsigned char small;
int negative = -5;
struct slot current_slot;
enum phase current_phase = PHASE_EARLY;
int to_send;
unsigned long long lost;
unsigned long long entered;

SEC("syscall")
int count(void *ctx)
{
	runs++;
	return limit;
}

SEC("syscall")
int label_first(void *ctx)
{
	return label[0];
}

SEC("syscall")
int add(int *pair)
{
	pair[1] = pair[0] + 1;
	return pair[0];
}

SEC("syscall")
int fill_slot(void *ctx)
{
	struct slot slot = { .pid = 42, .since = 1ull << 40, .comm = "filled", .at = { -1, 2 }, .phase = PHASE_LATE,
			     .raw = { 1, 2, 3, 4 }, .levels = { 10, -20, 30 }, .urgent = 1, .depth = 17, .live = 1 };
	int key = 42;

	current_slot = slot;
	return bpf_map_update_elem(&slots, &key, &slot, BPF_ANY);
}

static int pid_of(struct slot *slot)
{
	return slot ? slot->pid + slot->at.y + slot->depth + slot->levels[1] : -1;
}

SEC("syscall")
int read_slot(void *ctx)
{
	int key = 5;

	return pid_of(bpf_map_lookup_elem(&slots, &key));
}

SEC("syscall")
int send(void *ctx)
{
	int i;

	for (i = 0; i < 1000; i++) {
		struct event *event;

		if (i >= to_send)
			break;
		event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
		if (!event) {
			lost++;
			continue;
		}
		event->number = i;
		__builtin_memcpy(event->text, "event", 6);
		bpf_ringbuf_submit(event, 0);
	}
	return i;
}

SEC("tc")
int packet(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	__sync_fetch_and_add(&entered, 1);
	return 0;
}

SEC("?syscall")
int refused(void *ctx)
{
	return *(volatile int *)(long)runs;
}

char LICENSE[] SEC("license") = "GPL";
