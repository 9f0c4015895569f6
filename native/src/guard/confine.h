/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What COMMAND may do to its host. Called in the child, before it becomes COMMAND. */
#ifndef KSPLAT_GUARD_CONFINE_H
#define KSPLAT_GUARD_CONFINE_H

#define MOST_PATHS	64

/* Files, and folders with all that is in them. */
struct reach {
	const char *read[MOST_PATHS];
	int reads;
	const char *write[MOST_PATHS];
	int writes;
};

/* Gives up every capability for good, also those that root gets by running a program. Returns 0, or -1 with errno. */
int drop_capabilities(void);

/*
 * Takes away all files but those of the reach, the system's programs and libraries, and what a program needs of /dev, /proc and /sys;
 * TCP; and signals and abstract Unix sockets to the outside, as far as the kernel's Landlock can. Does nothing if the reach is empty,
 * or the kernel has no Landlock. Takes no_new_privs. Returns 0, or -1 with errno.
 */
int confine(const struct reach *reach, const char *command);

#endif
