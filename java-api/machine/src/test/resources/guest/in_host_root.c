// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Runs a command in the host's root, which a guest has by 9p, read-only: in_host_root FOLDER COMMAND...
 * FOLDER becomes writable, in the guest's memory; /proc, /sys and /dev are the guest's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int at(const char *type, const char *where, unsigned long flags, const char *options)
{
	if (!mount(type, where, type, flags, options))
		return 0;
	fprintf(stderr, "mount %s on %s: %s\n", type, where, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	/* The mounts end with this process: the device takes one 9p client at a time. */
	if (unshare(CLONE_NEWNS)) {
		fprintf(stderr, "leave the mount namespace: %s\n", strerror(errno));
		return 1;
	}
	mkdir("/host", 0755);
	/* Uncached: a 9p with a cache forgets what is mounted on its folders. */
	if (mount("host", "/host", "9p", MS_RDONLY, "trans=virtio,version=9p2000.L,msize=512000,cache=none")) {
		fprintf(stderr, "mount the host's root by 9p: %s\n", strerror(errno));
		return 1;
	}
	if (chroot("/host") || chdir("/")) {
		fprintf(stderr, "chroot to /host: %s\n", strerror(errno));
		return 1;
	}
	if (at("proc", "/proc", 0, NULL) || at("sysfs", "/sys", 0, NULL) || at("devtmpfs", "/dev", 0, NULL) ||
	    at("tracefs", "/sys/kernel/tracing", 0, NULL) || at("tmpfs", argv[1], 0, NULL))
		return 1;
	execv(argv[2], argv + 2);
	fprintf(stderr, "execute %s: %s\n", argv[2], strerror(errno));
	return 1;
}
