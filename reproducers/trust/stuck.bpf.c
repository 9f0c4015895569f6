// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* CPUs that wait for a spin lock for ever: an NMI takes it that has interrupted its owner. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "alarm.bpf.h"
#include "spin.bpf.h"
#include "tell.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#ifdef CASE_abba
#define OTHER 1
#else
#define OTHER 0
#endif

SEC("tp_btf/nmi_handler")
int on_nmi(void *ctx)
{
	u32 cpu = bpf_get_smp_processor_id() & 1;

	if (!held)
		return 0;
	__sync_fetch_and_add(&in_nmi, 1);
	take(cpu ^ OTHER, 1);
	return 0;
}

u64 delay_ns;
u64 rang;

static int ring(void *map, int *key, struct elapsing *due)
{
	__sync_fetch_and_add(&rang, 1);
	take_for_long(0);
	return 0;
}

SEC("tc")
int set_alarm(struct __sk_buff *packet)
{
	return arm(delay_ns);
}

#if defined(CASE_mutex_behind) || defined(CASE_rwsem_behind)
#ifdef CASE_mutex_behind
#define UNDER_LOCK "fentry/vfs_read"
#else
#define UNDER_LOCK "fentry/generic_perform_write"
#endif

/* Its owner is this task, which never gives it back. */
SEC(UNDER_LOCK)
int under_lock(void *ctx)
{
	char name[16] = "";

	bpf_get_current_comm(name, sizeof(name));
	if (name[0] != 'o' || name[1] != 'w' || name[2] != 'n')
		return 0;
	take_for_long(0);
	return 0;
}
#endif
