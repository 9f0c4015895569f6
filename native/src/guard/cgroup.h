/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A control group of COMMAND's own, see cgroups(7). */
#ifndef KSPLAT_GUARD_CGROUP_H
#define KSPLAT_GUARD_CGROUP_H

#include <limits.h>

/* Zero: no limit. */
struct limits {
	unsigned long long memory;
	unsigned long long processes;
	unsigned long long cpus;
};

/* One with version 2, up to one for each controller with version 1. */
#define MOST_GROUPS	3

struct cgroup {
	char folder[MOST_GROUPS][PATH_MAX];
	int count;
	/* The one whose memory is limited, -1 if none is. */
	int memory;
};

/*
 * Makes the group where the host lets the guard do so, with those of the limits for which there are controllers. Removes groups of
 * guards that were killed. Without a group, nothing is limited: that is no error.
 */
void cgroup_make(struct cgroup *group, const struct limits *limits);

/* Moves the calling process into the group, if the host lets it. */
void cgroup_enter(const struct cgroup *group);

/* Returns how many processes of the group were killed because memory ran out. */
unsigned long cgroup_oom_kills(const struct cgroup *group);

/* Kills what is left in the group, and removes it. */
void cgroup_remove(struct cgroup *group);

#endif
