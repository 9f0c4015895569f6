/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Helpers of tracing programs, one call each. Define VARIANT_* before including it. */
#include "operation.bpf.h"

#define RING_BYTES (1 << 20)
/* Ignored by a task that does not handle it. */
#define SIGURG 23
#define FRAMES 16

#if defined(VARIANT_ringbuf_output) || defined(VARIANT_ringbuf_submit) || defined(VARIANT_ringbuf_discard) || \
	defined(VARIANT_ringbuf_query)
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} map SEC(".maps");
#elif defined(VARIANT_perf_event_output) || defined(VARIANT_perf_event_read_value)
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u32);
} map SEC(".maps");
#elif defined(VARIANT_user_ringbuf_drain)
struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} map SEC(".maps");

static long drained(struct bpf_dynptr *sample, void *count)
{
	++*(u32 *)count;
	return 0;
}
#elif defined(VARIANT_current_task_under_cgroup)
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} map SEC(".maps");
#elif defined(VARIANT_tail_call)
/* An array belongs to programs of one kind. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} map SEC(".maps"), nmi_map SEC(".maps");
#elif defined(VARIANT_spin_lock)
struct guarded {
	struct bpf_spin_lock lock;
	u64 value;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct guarded);
} map SEC(".maps");
#elif defined(VARIANT_per_cpu_ptr) || defined(VARIANT_this_cpu_ptr)
extern const struct rq runqueues __ksym;
#elif defined(VARIANT_loop)
static long turned(u64 i, void *count)
{
	++*(u32 *)count;
	return 0;
}
#elif defined(VARIANT_find_vma)
static long found(struct task_struct *task, struct vm_area_struct *area, void *count)
{
	++*(u32 *)count;
	return 0;
}
#endif

u64 frames[2][FRAMES];
u64 user_data;
u64 device;

/* The stack of the current task: mapped, and its own, as it has written there since it was forked. */
static __always_inline void *user_address(void)
{
	struct pt_regs *registers = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return (void *)BPF_CORE_READ(registers, sp);
}

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
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
#elif defined(VARIANT_snprintf_btf)
	struct btf_ptr pointer = {};
	char text[64];
	long result;

	pointer.ptr = (void *)bpf_get_current_task();
	pointer.type_id = bpf_core_type_id_kernel(struct list_head);
	result = bpf_snprintf_btf(text, sizeof(text), &pointer, sizeof(pointer), 0);
	return result < 0 ? result : 0;
#elif defined(VARIANT_strtol)
	static const char text[] = "4711";
	long number;

	return bpf_strtol(text, sizeof(text) - 1, 10, &number) > 0 ? 0 : -1;
#elif defined(VARIANT_strtoul)
	static const char text[] = "4711";
	unsigned long number;

	return bpf_strtoul(text, sizeof(text) - 1, 10, &number) > 0 ? 0 : -1;
#elif defined(VARIANT_strncmp)
	static const char text[] = "4711";
	char comm[8] = "4711";

	return bpf_strncmp(comm, sizeof(text), text);
#elif defined(VARIANT_ringbuf_output)
	u64 value = turn;

	return bpf_ringbuf_output(&map, &value, sizeof(value), 0);
#elif defined(VARIANT_ringbuf_submit) || defined(VARIANT_ringbuf_discard)
	u64 *value = bpf_ringbuf_reserve(&map, sizeof(*value), 0);

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
	return bpf_ringbuf_query(&map, BPF_RB_RING_SIZE) == RING_BYTES ? 0 : -1;
#elif defined(VARIANT_user_ringbuf_drain)
	u32 count = 0;
	long result = bpf_user_ringbuf_drain(&map, drained, &count, 0);

	return result < 0 ? result : 0;
#elif defined(VARIANT_perf_event_output)
	u64 value = turn;

	return bpf_perf_event_output(ctx, &map, BPF_F_CURRENT_CPU, &value, sizeof(value));
#elif defined(VARIANT_perf_event_read_value)
	struct bpf_perf_event_value value;

	return bpf_perf_event_read_value(&map, BPF_F_CURRENT_CPU, &value, sizeof(value));
#elif defined(VARIANT_send_signal)
	return bpf_send_signal(SIGURG);
#elif defined(VARIANT_send_signal_thread)
	return bpf_send_signal_thread(SIGURG);
#elif defined(VARIANT_probe_read_kernel)
	u64 value = turn;

	return bpf_probe_read_kernel(&value, sizeof(value), &task_ran);
#elif defined(VARIANT_probe_read_kernel_str)
	struct task_struct *task = (void *)bpf_get_current_task();
	char comm[16];
	long result = bpf_probe_read_kernel_str(comm, sizeof(comm), task->comm);

	return result < 0 ? result : 0;
#elif defined(VARIANT_probe_read_user)
	return bpf_probe_read_user(&user_data, sizeof(user_data), user_address());
#elif defined(VARIANT_probe_read_user_str)
	char text[16];
	long result = bpf_probe_read_user_str(text, sizeof(text), user_address());

	return result < 0 ? result : 0;
#elif defined(VARIANT_probe_write_user)
	void *address = user_address();
	long result = bpf_probe_read_user(&user_data, sizeof(user_data), address);

	return result ? result : bpf_probe_write_user(address, &user_data, sizeof(user_data));
#elif defined(VARIANT_copy_from_user)
	return bpf_copy_from_user(&user_data, sizeof(user_data), user_address());
#elif defined(VARIANT_get_stack)
	long result = bpf_get_stack(ctx, frames[turn >= FIRST_NMI_TURN], sizeof(frames[0]), 0);

	return result < 0 ? result : 0;
#elif defined(VARIANT_get_stack_build_id)
	long result = bpf_get_stack(ctx, frames[turn >= FIRST_NMI_TURN], sizeof(frames[0]),
				    BPF_F_USER_STACK | BPF_F_USER_BUILD_ID);

	return result < 0 ? result : 0;
#elif defined(VARIANT_get_task_stack)
	long result = bpf_get_task_stack(bpf_get_current_task_btf(), frames[turn >= FIRST_NMI_TURN],
					 sizeof(frames[0]), 0);

	return result < 0 ? result : 0;
#elif defined(VARIANT_get_branch_snapshot)
	long result = bpf_get_branch_snapshot(frames[turn >= FIRST_NMI_TURN], sizeof(frames[0]), 0);

	return result < 0 ? result : 0;
#elif defined(VARIANT_get_current_comm)
	char comm[16];

	return bpf_get_current_comm(comm, sizeof(comm));
#elif defined(VARIANT_get_current_pid_tgid)
	return bpf_get_current_pid_tgid() ? 0 : -1;
#elif defined(VARIANT_get_ns_current_pid_tgid)
	struct task_struct *task = (void *)bpf_get_current_task();
	struct pid_namespace *space = BPF_CORE_READ(task, nsproxy, pid_ns_for_children);
	struct bpf_pidns_info info = {};
	long result = bpf_get_ns_current_pid_tgid(device, BPF_CORE_READ(space, ns.inum), &info, sizeof(info));

	/* The task finds the number of the file system of name spaces, a small one. */
	if (result && turn < FIRST_NMI_TURN)
		device++;
	return result;
#elif defined(VARIANT_get_current_uid_gid)
	return bpf_get_current_uid_gid() ? -1 : 0;
#elif defined(VARIANT_get_current_task)
	return bpf_get_current_task() ? 0 : -1;
#elif defined(VARIANT_task_pt_regs)
	return bpf_task_pt_regs(bpf_get_current_task_btf()) ? 0 : -1;
#elif defined(VARIANT_get_current_cgroup_id)
	return bpf_get_current_cgroup_id() ? 0 : -1;
#elif defined(VARIANT_get_current_ancestor_cgroup_id)
	return bpf_get_current_ancestor_cgroup_id(0) ? 0 : -1;
#elif defined(VARIANT_current_task_under_cgroup)
	long result = bpf_current_task_under_cgroup(&map, 0);

	return result < 0 ? result : 0;
#elif defined(VARIANT_find_vma)
	u32 count = 0;
	struct task_struct *task = bpf_get_current_task_btf();

	return bpf_find_vma(task, (u64)user_address(), found, &count, 0);
#elif defined(VARIANT_d_path)
	struct task_struct *task = bpf_get_current_task_btf();
	char text[32];
	long result = bpf_d_path((struct path *)&task->mm->exe_file->f_path, text, sizeof(text));

	return result < 0 ? result : 0;
#elif defined(VARIANT_ktime_get_ns)
	return bpf_ktime_get_ns() ? 0 : -1;
#elif defined(VARIANT_ktime_get_boot_ns)
	return bpf_ktime_get_boot_ns() ? 0 : -1;
#elif defined(VARIANT_ktime_get_coarse_ns)
	return bpf_ktime_get_coarse_ns() ? 0 : -1;
#elif defined(VARIANT_ktime_get_tai_ns)
	return bpf_ktime_get_tai_ns() ? 0 : -1;
#elif defined(VARIANT_jiffies64)
	return bpf_jiffies64() ? 0 : -1;
#elif defined(VARIANT_get_prandom_u32)
	frames[0][0] = bpf_get_prandom_u32();
	return 0;
#elif defined(VARIANT_get_numa_node_id)
	return bpf_get_numa_node_id();
#elif defined(VARIANT_get_func_ip)
	return bpf_get_func_ip(ctx) ? 0 : -1;
#elif defined(VARIANT_get_attach_cookie)
	return bpf_get_attach_cookie(ctx);
#elif defined(VARIANT_per_cpu_ptr)
	return bpf_per_cpu_ptr(&runqueues, 1) ? 0 : -1;
#elif defined(VARIANT_this_cpu_ptr)
	return bpf_this_cpu_ptr(&runqueues) ? 0 : -1;
#elif defined(VARIANT_loop)
	u32 count = 0;

	return bpf_loop(8, turned, &count, 0) == 8 ? 0 : -1;
#elif defined(VARIANT_tail_call)
	/* The slot is empty: the call goes on here. */
	if (turn < FIRST_NMI_TURN)
		bpf_tail_call(ctx, &map, 0);
	else
		bpf_tail_call(ctx, &nmi_map, 0);
	return 0;
#elif defined(VARIANT_spin_lock)
	u32 zero = 0;
	struct guarded *guarded = bpf_map_lookup_elem(&map, &zero);

	if (!guarded)
		return -1;
	bpf_spin_lock(&guarded->lock);
	guarded->value++;
	bpf_spin_unlock(&guarded->lock);
	return 0;
#elif defined(VARIANT_override_return)
	return bpf_override_return(ctx, 0);
#endif
}
