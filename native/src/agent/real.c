// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the agent owes a machine that lives on without it. One agent at a time: the lock is the kernel's, so that it goes with
 * the process. The agent's own file goes at once. When the host hangs up, or says nothing for too long (a cable that was
 * pulled closes no connection), the agent ends, and with it all that it has started, loaded and set.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define LOCK		"/run/lock/ksplat"
/* The host beats once a second. */
#define SILENCE_MS	60000
#define LOOK_MS		1000
#define CONSOLE_S	5
#define STILL_NS	5000000000ULL
#define ROUNDS		50
/* Of so many beats in which a heart stands still, two ask where the CPUs are. */
#define ASK_FIRST	2
#define ASK_AGAIN	6

static _Atomic uint64_t heard_ms;
static atomic_flag ending = ATOMIC_FLAG_INIT;
/* When the console was told last whose hearts stand still, how often, and for how many times some did. */
static _Atomic uint64_t told_ms;
static atomic_uint told, still_for;

void real_heard(void)
{
	heard_ms = now_ms();
}

/* The parent of a process, from /proc/PID/stat: the second field may hold anything, up to the last parenthesis. */
static pid_t parent_of(const char *pid)
{
	char path[300], text[512], *after;
	pid_t parent = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1, " %*c %d", &parent) != 1)
		return 0;
	return parent;
}

/* Kills its children. Theirs become its own, since it receives orphans. Returns whether there were any. */
static bool kill_children(void)
{
	struct dirent *entry;
	bool any = false;
	DIR *dir = opendir("/proc");

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 1 && parent_of(entry->d_name) == getpid() && !kill(pid, SIGKILL))
			any = true;
	}
	closedir(dir);
	return any;
}

void real_end(void)
{
	const struct timespec moment = { 0, 10000000 };

	if (atomic_flag_test_and_set(&ending)) {
		for (;;)
			pause();
	}
	for (int round = 0; !own_machine && kill_children() && round < ROUNDS; round++)
		nanosleep(&moment, NULL);
	init_unset();
	_exit(0);
}

static void *watch_host(void *unused)
{
	const struct timespec moment = { LOOK_MS / 1000, 0 };

	(void)unused;
	while (now_ms() - heard_ms < SILENCE_MS)
		nanosleep(&moment, NULL);
	real_end();
	return NULL;
}

/*
 * Has the kernel print where each CPU is, by sysrq-l: its detectors need not report each that is stuck. By a thread of its own,
 * since who asks waits for the answer. /proc/sysrq-trigger heeds no kernel.sysrq.
 */
static void *ask_where_cpus_are(void *unused)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	(void)unused;
	if (fd < 0)
		return NULL;
	if (write(fd, "l", 1) < 0)
		fprintf(stderr, "ksplat-agent: ask where the CPUs are: %s\n", strerror(errno));
	close(fd);
	return NULL;
}

static void start_asking(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* One that cannot be started is one answer less. */
	if (pthread_create(&thread, &attr, ask_where_cpus_are, NULL))
		fprintf(stderr, "ksplat-agent: no thread to ask where the CPUs are\n");
	pthread_attr_destroy(&attr);
}

static bool tell_console(int fd)
{
	char still[256], line[320];
	int n;

	beat_still(STILL_NS, still, sizeof(still));
	n = snprintf(line, sizeof(line), "<6>ksplat: beat %u still:%s\n", atomic_fetch_add(&told, 1) + 1, still);
	if (write(fd, line, n) < 0)
		return false;
	if (!still[0]) {
		still_for = 0;
	} else {
		unsigned int beats = atomic_fetch_add(&still_for, 1) + 1;

		if (beats == ASK_FIRST || beats == ASK_AGAIN)
			start_asking();
	}
	return true;
}

/*
 * A console that falls silent although its machine lives would pass for a dead machine's. It tells whose hearts stand still, for
 * a host that the network no longer reaches: its interrupts may be the stuck CPU's. A thread sleeps by a timer of the CPU that it
 * went to sleep on, and never wakes if that is the stuck one: there is one a CPU, and whichever wakes first when it is time tells.
 */
static void *beat_on_console(void *unused)
{
	const struct sched_param priority = { .sched_priority = 1 };
	const struct timespec moment = { LOOK_MS / 1000, 0 };
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	(void)unused;
	/* Without the priority it tells, too, only later. */
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
	while (fd >= 0) {
		uint64_t now = now_ms(), last = told_ms;

		if ((!last || now - last >= CONSOLE_S * 1000) && atomic_compare_exchange_strong(&told_ms, &last, now) &&
		    !tell_console(fd))
			break;
		nanosleep(&moment, NULL);
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static int start_console_beat(unsigned int cpu)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pinned_thread(cpu, &attr);
	error = pthread_create(&thread, &attr, beat_on_console, NULL);
	pthread_attr_destroy(&attr);
	return error;
}

/* Written into the lock, so that the next one reads who has it. */
static void take_lock(const char *owner)
{
	int fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	char other[200];
	ssize_t n;

	if (fd < 0)
		die("open the lock " LOCK ": %s", strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		n = read(fd, other, sizeof(other) - 1);
		other[n > 0 ? n : 0] = 0;
		other[strcspn(other, "\n")] = 0;
		die("this machine is in use by %s (the lock " LOCK ")", other[0] ? other : "another ksplat");
	}
	if (ftruncate(fd, 0) || write(fd, owner, strlen(owner)) < 0)
		die("write the lock " LOCK ": %s", strerror(errno));
	/* It stays open, and locked, until the agent ends. */
}

static void remove_itself(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return;
	path[n] = 0;
	if (unlink(path) && errno != ENOENT)
		die("remove %s: %s", path, strerror(errno));
	rmdir(dirname(path));
}

void real_start(const char *owner)
{
	pthread_t thread;
	cpu_set_t online;
	int error;

	remove_itself();
	if (geteuid())
		die("only root can use a machine's kernel: log in as root");
	take_lock(owner);
	init_settings();
	real_heard();
	error = pthread_create(&thread, NULL, watch_host, NULL);
	if (sched_getaffinity(0, sizeof(online), &online))
		die("ask for the CPUs: %s", strerror(errno));
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE && !error; cpu++)
		if (CPU_ISSET(cpu, &online))
			error = start_console_beat(cpu);
	if (error)
		die("start the threads of a real machine: %s", strerror(error));
}
