/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contexts of an operation that ksplat hunt tries. The file of a family includes this one first, and defines prepare() and
 * operation(), where 0 is success and a turn below FIRST_NMI_TURN is one of the task's. With OTHER the NMI does another operation
 * than the task: see other.bpf.h.
 *
 * Kfuncs are __weak: the list of operations has those by which a kernel is told that lacks an operation, and the rest came with them.
 */
/* The verifier gives some maps and kfuncs to programs that may sleep, and some to those that may not. */
#ifndef SET_UP
#define SET_UP "syscall"
#endif

#ifndef OPERATION_BPF_H
#define OPERATION_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Linux before 6.2 calls the tag of a referenced kptr kptr_ref. */
#ifndef __kptr
#define __kptr __attribute__((btf_type_tag("kptr")))
#endif

/* In each context of its own: an operation may not be tried twice on the same element. */
#define FIRST_NMI_TURN 1024
#define SLOTS 64

static __always_inline long prepare(void);
static __always_inline long operation(void *ctx, u32 turn);
#ifdef OTHER
static __always_inline long other_prepare(void);
static __always_inline long other_operation(void *ctx, u32 turn);
#define IN_NMI other_operation
#else
#define IN_NMI operation
#endif

u64 task_ran;
u64 task_succeeded;
/* Whether its last turn did not. */
u64 task_failed;
/* The last one, positive: what is counted never decreases below its beginning. */
u64 task_error;
#ifndef PLACES
u64 nmi_ran;
u64 nmi_succeeded;
u64 nmi_error;
#endif

/*
 * Of a walk: the turn that is walked, from 1. It waits until the machine stands where it begins: else a host that is late would
 * find the objects used up. Then all bits are set.
 */
#ifndef WALKED_TURN
#define WALKED_TURN 0
#endif
u64 walked_turn = WALKED_TURN;

/*
 * In a reproducer: for how long the task waits before each turn, so that an NMI can be aimed before the objects are used up. Of
 * what can be done to each object only once.
 */
#ifndef PAUSE_NS
#define PAUSE_NS 0
#endif
u64 last_turn_ns;

static __always_inline bool is_too_early(void)
{
	u64 now;

	if (walked_turn)
		return task_ran + 1 >= walked_turn;
	if (!PAUSE_NS)
		return false;
	now = bpf_ktime_get_ns();
	if (now - last_turn_ns < PAUSE_NS)
		return true;
	last_turn_ns = now;
	return false;
}

/* One of SLOTS elements: the task takes the first half of them, the NMI the second. */
static __always_inline u32 slot_of(u32 turn)
{
	return (turn & (SLOTS / 2 - 1)) + (turn < FIRST_NMI_TURN ? 0 : SLOTS / 2);
}

SEC(SET_UP)
int set_up(void *ctx)
{
	return prepare();
}

#ifdef OTHER
/* Stands at the end, where SET_UP is what the other family needs. */
#define OTHER_SET_UP								\
SEC(SET_UP)									\
int other_set_up(void *ctx)							\
{										\
	return other_prepare();							\
}
#endif

#ifdef PLACES
/* The task that does the operation now, and has not done it again in this turn. */
volatile u32 repeating;
/* No two of them do it on the same element. */
u64 again_ran;
u64 again_error;
u64 places_left;

static __always_inline void begin_turn(void)
{
	repeating = (u32)bpf_get_current_pid_tgid();
}

static __always_inline void end_turn(void)
{
	repeating = 0;
}

/* Some ways lead past a lock seldom. A machine whose counters stand still is judged at once, so there must be an end. */
#define ROUNDS 64

/* In a turn of its own for each place, or the first one to come would be the only one. */
static __always_inline bool is_turn_of(u32 place, u64 entered)
{
	if (bpf_get_smp_processor_id() || !repeating || repeating != (u32)bpf_get_current_pid_tgid())
		return false;
	return !entered || (entered < ROUNDS && task_ran % PLACES == place);
}

#define AGAIN(number, section)							\
u64 entered_##number;								\
u64 left_##number;								\
u64 succeeded_##number;								\
										\
SEC(section)									\
int again_##number(void *ctx)							\
{										\
	long result;								\
										\
	if (!is_turn_of(number, entered_##number))				\
		return 0;							\
	repeating = 0;								\
	entered_##number++;							\
	result = operation(ctx, (again_ran++ & (FIRST_NMI_TURN - 1)) + FIRST_NMI_TURN); \
	if (result)								\
		again_error = result < 0 ? -result : result;			\
	else									\
		succeeded_##number++;						\
	if (!left_##number++)							\
		places_left++;							\
	return 0;								\
}
#else
static __always_inline void begin_turn(void) {}
static __always_inline void end_turn(void) {}
#endif

/* The load of CPU 0 unlinks files. */
SEC("fentry/vfs_unlink")
int in_task(void *ctx)
{
	long result;

	if (bpf_get_smp_processor_id() || is_too_early())
		return 0;
	begin_turn();
	result = operation(ctx, task_ran++ & (FIRST_NMI_TURN - 1));
	end_turn();
	task_failed = result != 0;
	if (result)
		task_error = result < 0 ? -result : result;
	else
		task_succeeded++;
	return 0;
}

#ifndef PLACES
/* Once for every handler of an NMI. */
SEC("tp_btf/nmi_handler")
int in_nmi(void *ctx)
{
	long result;

	if (bpf_get_smp_processor_id())
		return 0;
	result = IN_NMI(ctx, (nmi_ran & (FIRST_NMI_TURN - 1)) + FIRST_NMI_TURN);
	if (result)
		nmi_error = result < 0 ? -result : result;
	else
		nmi_succeeded++;
	nmi_ran++;
	return 0;
}
#endif

char LICENSE[] SEC("license") = "GPL";

#endif
