// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts the calls of functions of the kernel that REACH_0 to REACH_7 name, but not those of the agent. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define AGENT 1

static __always_inline bool is_agent(void)
{
	return bpf_get_current_pid_tgid() >> 32 == AGENT;
}

#define COUNT(n, function)					\
	u64 reached_##n;					\
	SEC("?fentry/" #function)				\
	int entry_##n(void *ctx)				\
	{							\
		if (!is_agent())				\
			__sync_fetch_and_add(&reached_##n, 1);	\
		return 0;					\
	}							\
	SEC("?kprobe/" #function)				\
	int probe_##n(void *ctx)				\
	{							\
		if (!is_agent())				\
			__sync_fetch_and_add(&reached_##n, 1);	\
		return 0;					\
	}

/* Once more, so that what REACH_0 stands for is put in. */
#define REACH(n, function) COUNT(n, function)

#ifdef REACH_0
REACH(0, REACH_0)
#endif
#ifdef REACH_1
REACH(1, REACH_1)
#endif
#ifdef REACH_2
REACH(2, REACH_2)
#endif
#ifdef REACH_3
REACH(3, REACH_3)
#endif
#ifdef REACH_4
REACH(4, REACH_4)
#endif
#ifdef REACH_5
REACH(5, REACH_5)
#endif
#ifdef REACH_6
REACH(6, REACH_6)
#endif
#ifdef REACH_7
REACH(7, REACH_7)
#endif

char _license[] SEC("license") = "GPL";
