/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs of the corpus share: tasks that come to a place in the kernel, and are seen there before more is done. */
#ifndef TASKS_H
#define TASKS_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

/* See tell.bpf.h: a system call that does nothing, and that a BPF program counts. */
#define TOLD 0x6b73
enum told { READY, ENDED };

struct test {
	const char *name;
	void (*run)(void);
	/* Whether it ends by itself. */
	bool ends;
};

static inline void tell(enum told what)
{
	syscall(SYS_getpgid, TOLD + what);
}

static inline void pause_for_ever(void)
{
	while (true)
		pause();
}

static inline void sleep_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

static inline double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Starts a task of its own that does this and exits. */
static inline pid_t start(const char *name, void (*run)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run();
	_exit(0);
}

/* Waits until a task is in a state, off its CPU, and in a function if one is named. */
static inline void await_state(pid_t pid, const char *states, const char *function)
{
	char path[64], place[128], state;

	while (true) {
		FILE *file;
		size_t n;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		file = fopen(path, "r");
		if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			err(1, "%s", path);
		fclose(file);
		snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
		file = fopen(path, "r");
		if (!file)
			err(1, "%s", path);
		n = fread(place, 1, sizeof(place) - 1, file);
		place[n] = 0;
		fclose(file);
		if (strchr(states, state) && strcmp(place, "0") && n && (!function || strstr(place, function)))
			return;
		sleep_ms(2);
	}
}

static inline void await_blocked(pid_t pid)
{
	await_state(pid, "D", NULL);
}

static inline void await_exit(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		errx(1, "task %d ended with status %#x", pid, status);
}

static inline void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "%s", path);
	close(fd);
}

static inline void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "pin to CPU %d", cpu);
}

/* Memory that nobody brings: one page that is there, and one after it that is not. */
struct missing {
	int uffd;
	char *there;
	char *page;
};

static inline struct missing missing_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct missing missing = { .uffd = syscall(SYS_userfaultfd, O_NONBLOCK) };

	missing.there = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (missing.uffd < 0 || missing.there == MAP_FAILED || ioctl(missing.uffd, UFFDIO_API, &api))
		err(1, "userfaultfd");
	missing.there[0] = 0;
	missing.page = missing.there + PAGE;
	range.range.start = (unsigned long)missing.page;
	range.range.len = PAGE;
	if (ioctl(missing.uffd, UFFDIO_REGISTER, &range))
		err(1, "UFFDIO_REGISTER");
	return missing;
}

static inline void bring(const struct missing *missing)
{
	struct uffdio_zeropage zero = { .range = { (unsigned long)missing->page, PAGE } };

	if (ioctl(missing->uffd, UFFDIO_ZEROPAGE, &zero))
		err(1, "UFFDIO_ZEROPAGE");
}

static inline int file_of(const char *path)
{
	static const char some[PAGE];
	int fd = open(path, O_RDWR | O_CREAT, 0644);

	if (fd < 0 || pwrite(fd, some, PAGE, 0) != PAGE)
		err(1, "%s", path);
	return fd;
}

/* Says when a test is at its edge; a test that ends says so before, and again at its end. */
static inline int run_named(const struct test *tests, size_t count, const char *name)
{
	cpu_set_t all;

	/* Whoever starts a program pins it to a CPU. */
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(tests[i].name, name))
			continue;
		if (tests[i].ends)
			tell(READY);
		tests[i].run();
		tell(tests[i].ends ? ENDED : READY);
		if (!tests[i].ends)
			pause_for_ever();
		return 0;
	}
	errx(2, "there is no %s", name);
}

#endif
