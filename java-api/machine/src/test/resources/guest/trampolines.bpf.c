// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that trampolines call: before a function, after it, and instead of it. Those that lock can be made to wait. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct guarded {
	struct bpf_spin_lock lock;
	unsigned int uses;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct guarded);
} locks SEC(".maps");

static __always_inline int take(void)
{
	struct guarded *guarded;
	int zero = 0;

	guarded = bpf_map_lookup_elem(&locks, &zero);
	if (!guarded)
		return 0;
	bpf_spin_lock(&guarded->lock);
	guarded->uses++;
	bpf_spin_unlock(&guarded->lock);
	return 0;
}

SEC("fentry/security_inode_create")
int lock_before(void *ctx)
{
	return take();
}

SEC("fexit/security_inode_create")
int lock_after(void *ctx)
{
	return take();
}

SEC("fentry/security_inode_create")
int before(void *ctx)
{
	return 0;
}

SEC("fexit/security_inode_create")
int after(void *ctx)
{
	return 0;
}

SEC("fmod_ret/security_inode_create")
int instead(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
