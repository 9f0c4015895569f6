// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "sample.h"

#define __kptr __attribute__((btf_type_tag("kptr")))

struct slot {
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, struct slot);
	__uint(max_entries, 16);
} slots SEC(".maps");

extern void bpf_task_release(struct task_struct *task) __ksym;
extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym __weak;
extern const int jiffies_marker __ksym __weak;

u64 dropped;
int target_pid = 7;
const volatile bool verbose = true;
const volatile char label[8] = "splat";
enum phase phase = PHASE_LATE;
struct tally tally;
static volatile int hidden;
u64 own SEC(".data.mine") = 1;

SEC("tp_btf/nmi_handler")
int on_nmi(u64 *ctx)
{
	u32 key = 0;
	struct slot *slot = bpf_map_lookup_elem(&slots, &key);
	struct task_struct *task;

	if (!slot || !verbose)
		return 0;
	task = bpf_kptr_xchg(&slot->task, NULL);
	if (task) {
		bpf_task_release(task);
		dropped++;
	}
	return hidden++ + label[0] + own;
}

SEC("?syscall")
int stash_task(void *ctx)
{
	struct task_struct *task;

	if (!bpf_task_from_pid || !&jiffies_marker)
		return -1;
	task = bpf_task_from_pid(target_pid);
	if (!task)
		return -2;
	tally.count++;
	phase = PHASE_EARLY;
	bpf_task_release(task);
	return 0;
}

SEC("kprobe/do_exit")
int on_exit(struct pt_regs *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
