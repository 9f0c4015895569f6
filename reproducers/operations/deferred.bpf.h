/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a program does later: timers, work queues, task work. Define ACTION_* and VARIANT_* before including it. */
#include "operation.bpf.h"

#ifndef DEFERRED_BPF_H
#define DEFERRED_BPF_H

#define CLOCK_MONOTONIC 1
/* It does not come while the machine is watched. */
#define FAR_AWAY (3600ULL * 1000 * 1000 * 1000)

struct element {
#if defined(VARIANT_timer)
	struct bpf_timer timer;
#elif defined(VARIANT_workqueue)
	struct bpf_wq work;
#else
	struct bpf_task_work work;
#endif
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct element);
} map SEC(".maps");

#if defined(VARIANT_timer)
static int run(void *from, u32 *key, struct element *element)
{
	return 0;
}

static __always_inline long initialize(struct element *element)
{
	long result = bpf_timer_init(&element->timer, &map, CLOCK_MONOTONIC);

	return result ? result : bpf_timer_set_callback(&element->timer, run);
}
#elif defined(VARIANT_workqueue)
int bpf_wq_init(struct bpf_wq *work, void *map, unsigned int flags) __ksym __weak;
int bpf_wq_start(struct bpf_wq *work, unsigned int flags) __ksym __weak;
#ifdef HAS_bpf_wq_set_callback
int bpf_wq_set_callback(struct bpf_wq *work, int (*callback)(void *map, int *key, void *value), unsigned int flags) __ksym __weak;
#define SET_CALLBACK(work) bpf_wq_set_callback(work, run, 0)
#else
/* The verifier sets the last argument. */
int bpf_wq_set_callback_impl(struct bpf_wq *work, int (*callback)(void *map, int *key, void *value), unsigned int flags,
			     void *aux) __ksym __weak;
#define SET_CALLBACK(work) bpf_wq_set_callback_impl(work, run, 0, NULL)
#endif

static int run(void *from, int *key, void *element)
{
	return 0;
}

static __always_inline long initialize(struct element *element)
{
	long result = bpf_wq_init(&element->work, &map, 0);

	return result ? result : SET_CALLBACK(&element->work);
}
#else
typedef int (*callback)(struct bpf_map *from, void *key, void *element);

#define JOINED(a, b, c) a##b##c
#define NAME(mode, end) JOINED(bpf_task_work_schedule_, mode, end)
#if defined(VARIANT_task_work_resume)
#define MODE resume
#else
#define MODE signal
#endif
#if defined(HAS_bpf_task_work_schedule_signal) || defined(HAS_bpf_task_work_schedule_resume)
int NAME(MODE, )(struct task_struct *task, struct bpf_task_work *work, void *map, callback callback) __ksym __weak;
#define SCHEDULE(task, work) NAME(MODE, )(task, work, &map, run)
#else
/* The verifier sets the last argument. */
int NAME(MODE, _impl)(struct task_struct *task, struct bpf_task_work *work, void *map, callback callback, void *aux) __ksym __weak;
#define SCHEDULE(task, work) NAME(MODE, _impl)(task, work, &map, run, NULL)
#endif

static int run(struct bpf_map *from, void *key, void *element)
{
	return 0;
}

static __always_inline long initialize(struct element *element)
{
	return 0;
}
#endif

#endif

#if defined(VARIANT_timer)
#if defined(ACTION_cancel_async)
int bpf_timer_cancel_async(struct bpf_timer *timer) __ksym __weak;
#endif

static __always_inline long act(struct element *element)
{
#if defined(ACTION_start)
	return bpf_timer_start(&element->timer, FAR_AWAY, 0);
#elif defined(ACTION_cancel)
	long result = bpf_timer_cancel(&element->timer);

	return result < 0 ? result : 0;
#elif defined(ACTION_init)
	return 0;
#else
	long result = bpf_timer_cancel_async(&element->timer);

	return result < 0 ? result : 0;
#endif
}
#elif defined(VARIANT_workqueue)
static __always_inline long act(struct element *element)
{
	return bpf_wq_start(&element->work, 0);
}
#else
static __always_inline long act(struct element *element)
{
	return SCHEDULE(bpf_get_current_task_btf(), &element->work);
}
#endif

static __always_inline long with(u32 key)
{
	struct element *element = bpf_map_lookup_elem(&map, &key);

	if (!element)
		return -1;
#if defined(ACTION_init)
	return initialize(element);
#else
	return act(element);
#endif
}

/* What is only initialized and never started is no load of its own. */
static __always_inline long prepare(void)
{
#if !defined(ACTION_init)
	u32 key;
	struct element *element;

	for (key = 0; key < SLOTS; key++) {
		u32 found = key;

		element = bpf_map_lookup_elem(&map, &found);
		if (element)
			initialize(element);
	}
#endif
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
	return with(slot_of(turn));
}
