// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* The name of a case is the kind of map and, if it is not the same map, what is entered again. */
#if defined(CASE_queue) || defined(CASE_queue_other_map) || defined(CASE_stack) || defined(CASE_stack_other_map)
#include "queue_reentry.bpf.h"
#elif defined(CASE_task_storage) || defined(CASE_task_storage_other_task)
#include "task_storage_reentry.bpf.h"
#else
#include "keyed_reentry.bpf.h"
#endif

char LICENSE[] SEC("license") = "GPL";
