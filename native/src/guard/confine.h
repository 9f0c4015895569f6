/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What COMMAND may do to its host. Called in the child, before it becomes COMMAND. */
#ifndef KSPLAT_GUARD_CONFINE_H
#define KSPLAT_GUARD_CONFINE_H

#define MOST_PATHS	64

/* Files, and folders with all that is in them. */
struct reach {
	const char *readable[MOST_PATHS];
	int reads;
	const char *writable[MOST_PATHS];
	int writes;
};

/* Gives up every capability for good, also those that root gets by running a program. Returns 0, or -1 with errno. */
int drop_capabilities(void);

/*
 * Puts an empty folder in place of the one with the sockets of the host's services, in a mount namespace of its own: before Linux 7.1,
 * Landlock lets everybody connect to them. Does nothing if the reach is empty or leads there, or where the host does not allow it.
 */
void hide_sockets(const struct reach *reach, const char *command);

/*
 * Takes away all files but those of the reach, the system's programs and libraries, and what a program needs of /dev, /proc and /sys;
 * TCP; and signals and abstract Unix sockets to the outside, as far as the kernel's Landlock can. Does nothing if the reach is empty,
 * or the kernel has no Landlock. Takes no_new_privs. Returns 0, or -1 with errno.
 */
int confine(const struct reach *reach, const char *command);

#endif
