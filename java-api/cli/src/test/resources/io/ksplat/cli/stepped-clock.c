// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * LD_PRELOAD: the wall clock of a program steps whenever somebody writes to the file STEPPED_CLOCK. The host's own clock and the
 * times of files stay. What sleeps does not notice: whoever waits until a time of day, and not for a while, is not found by this.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* SteppedClockTest.java has the same. */
struct shared {
	/* Added to the wall clock. */
	_Atomic int64_t seconds;
	/* How often a program has read another shift than before. */
	_Atomic uint64_t seen_by_java, seen_by_qemu, seen_by_others;
};

static struct shared nowhere;
static struct shared *shared = &nowhere;
static _Atomic uint64_t *seen = &nowhere.seen_by_others;
static _Atomic int64_t last;
static int (*real_clock_gettime)(clockid_t clock, struct timespec *now);

static int kernel_clock_gettime(clockid_t clock, struct timespec *now)
{
	return syscall(SYS_clock_gettime, clock, now);
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("STEPPED_CLOCK");
	const char *name = program_invocation_short_name;
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	if (at == MAP_FAILED)
		return;
	shared = at;
	seen = !strcmp(name, "java") ? &shared->seen_by_java :
	       !strncmp(name, "qemu", 4) ? &shared->seen_by_qemu : &shared->seen_by_others;
	last = shared->seconds;
}

static int64_t shift(void)
{
	int64_t now = shared->seconds;

	if (atomic_exchange(&last, now) != now)
		(*seen)++;
	return now;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int (*get)(clockid_t, struct timespec *) = real_clock_gettime;
	int result = get ? get(clock, now) : kernel_clock_gettime(clock, now);

	if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += shift();
	return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec at;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &at))
		return -1;
	now->tv_sec = at.tv_sec;
	now->tv_usec = at.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *to)
{
	struct timespec at;

	if (clock_gettime(CLOCK_REALTIME, &at))
		return -1;
	if (to)
		*to = at.tv_sec;
	return at.tv_sec;
}
