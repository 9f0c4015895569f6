// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A tiny kernel: compiled for its BTF only. */
typedef struct {
	int counter;
} atomic_t;

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

struct declared_only;

struct task_struct {
	unsigned int state;
	union {
		long stack;
		struct declared_only *other;
	};
	refcount_t usage;
	unsigned int in_iowait : 1;
	char comm[16];
};

enum wide {
	WIDE_LOW = 1,
	WIDE_HIGH = 0x100000000ULL,
};

__attribute__((btf_decl_tag("bpf_kfunc"))) void bpf_task_release(struct task_struct *task)
{
	task->usage.refs.counter--;
}

__attribute__((btf_decl_tag("bpf_kfunc"))) void bpf_rcu_read_lock(void)
{
}

enum wide do_exit(struct task_struct *task)
{
	bpf_task_release(task);
	return WIDE_HIGH;
}
