// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"

/* Of a group's name: who reads it knows whether its guard is still there. */
#define NAME		"ksplat-%d-%llu"

#define PERIOD_US	100000
#define SHARES		1024

/* How long the kernel may take to let go of processes that were killed. */
#define REMOVE_TRIES	500
#define REMOVE_STEP_NS	10000000

enum { MEMORY, PIDS, CPU, CONTROLLERS };

static const char *const controllers[CONTROLLERS] = { "memory", "pids", "cpu" };

static bool join(char *to, const char *folder, const char *name)
{
	return snprintf(to, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

static bool read_text(const char *folder, const char *name, char *to, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	if (!join(path, folder, name))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, to, size - 1);
	close(fd);
	to[n > 0 ? n : 0] = 0;
	return n >= 0;
}

static bool write_text(const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX];
	bool written;
	int fd;

	if (!join(path, folder, name))
		return false;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

static bool write_number(const char *folder, const char *name, unsigned long long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", number);
	return write_text(folder, name, text);
}

/* Returns whether one of the words of a list, divided by spaces or commas, is this one. */
static bool lists(const char *list, const char *word)
{
	size_t length = strlen(word);

	while (*list) {
		size_t n = strcspn(list, ", \n");

		if (n == length && !strncmp(list, word, n))
			return true;
		list += n;
		list += strspn(list, ", \n");
	}
	return false;
}

/* In clock ticks since the boot, 0 if there is no such process. No other process with this pid has the same. */
static unsigned long long started(int pid)
{
	char folder[32], text[1024];
	unsigned long long start = 0;
	const char *after;

	snprintf(folder, sizeof(folder), "/proc/%d", pid);
	if (!read_text(folder, "stat", text, sizeof(text)))
		return 0;
	/* The name before may hold anything. */
	after = strrchr(text, ')');
	if (!after || sscanf(after, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			     &start) != 1)
		return 0;
	return start;
}

/* A group that still has processes cannot be removed. */
static void remove_left_over(const char *parent)
{
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir = opendir(parent);

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		unsigned long long start;
		int pid;

		if (sscanf(entry->d_name, NAME, &pid, &start) != 2 || started(pid) == start)
			continue;
		if (join(path, parent, entry->d_name))
			rmdir(path);
	}
	closedir(dir);
}

/* The path of this process's group in a hierarchy: that of a version 1 controller, or of version 2 if it has no name. */
static bool own_group(const char *controller, char *to)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX + 256];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;

		if (!path)
			continue;
		*names++ = 0;
		*path++ = 0;
		path[strcspn(path, "\n")] = 0;
		found = (controller ? lists(names, controller) : !*names) && strlen(path) < PATH_MAX;
		if (found)
			strcpy(to, path);
	}
	fclose(file);
	return found;
}

/* Where the hierarchy's part is mounted that begins at `root`, see proc_pid_mountinfo(5). */
static bool mounted(const char *controller, char *root, char *point)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[3 * PATH_MAX], type[32], options[512];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		const char *tail = strstr(line, " - ");

		if (!tail || sscanf(tail, " - %31s %*s %511s", type, options) != 2 ||
		    sscanf(line, "%*d %*d %*s %4095s %4095s", root, point) != 2)
			continue;
		found = controller ? !strcmp(type, "cgroup") && lists(options, controller) : !strcmp(type, "cgroup2");
	}
	fclose(file);
	return found;
}

/* Finds the folder of this process's own group. `top` tells whether it is the hierarchy's first. */
static bool own_folder(const char *controller, char *to, bool *top)
{
	char root[PATH_MAX], point[PATH_MAX], own[PATH_MAX];
	const char *below = own;
	size_t n;

	if (!own_group(controller, own) || !mounted(controller, root, point))
		return false;
	n = strlen(root);
	if (strcmp(root, "/")) {
		if (strncmp(own, root, n) || (own[n] && own[n] != '/'))
			return false;
		below += n;
	}
	*top = !strcmp(own, "/");
	return snprintf(to, PATH_MAX, "%s%s", point, strcmp(below, "/") ? below : "") < PATH_MAX;
}

/* Returns the folder of the new group, which is counted, or NULL. */
static const char *make_in(struct cgroup *group, const char *parent)
{
	char *folder = group->folder[group->count], name[64];

	remove_left_over(parent);
	snprintf(name, sizeof(name), NAME, (int)getpid(), started(getpid()));
	if (!join(folder, parent, name) || mkdir(folder, 0755))
		return NULL;
	group->count++;
	return folder;
}

/*
 * Else the group as a whole would get as much as one process. In the hierarchy's first group an autogroup has one share for all of a
 * session, too.
 */
static bool shares_by_process(bool top)
{
	char text[8];

	return !top || !read_text("/proc/sys/kernel", "sched_autogroup_enabled", text, sizeof(text)) || text[0] == '0';
}

static void limit_1(struct cgroup *group, int controller, const struct limits *limits, const char *folder,
		    bool top)
{
	switch (controller) {
	case MEMORY:
		if (!write_number(folder, "memory.limit_in_bytes", limits->memory))
			return;
		/* With swap. The kernel may not count that. */
		write_number(folder, "memory.memsw.limit_in_bytes", limits->memory);
		group->memory = group->count - 1;
		return;
	case PIDS:
		write_number(folder, "pids.max", limits->processes);
		return;
	default:
		if (shares_by_process(top))
			write_number(folder, "cpu.shares", SHARES * limits->cpus);
		write_number(folder, "cpu.cfs_period_us", PERIOD_US);
		write_number(folder, "cpu.cfs_quota_us", PERIOD_US * limits->cpus);
	}
}

/* Groups may be made below one with processes. Each controller has a hierarchy, or several share one. */
static void make_1(struct cgroup *group, const bool *wanted, const struct limits *limits)
{
	for (int i = 0; i < CONTROLLERS; i++) {
		char own[PATH_MAX];
		const char *folder = NULL;
		size_t n;
		bool top;

		if (!wanted[i] || !own_folder(controllers[i], own, &top))
			continue;
		n = strlen(own);
		for (int before = 0; before < group->count; before++) {
			const char *made = group->folder[before];

			if (!strncmp(made, own, n) && made[n] == '/' && !strchr(made + n + 1, '/'))
				folder = made;
		}
		if (!folder)
			folder = make_in(group, own);
		if (folder)
			limit_1(group, i, limits, folder, top);
	}
}

/* Whether what the group may use is limited: what moves out of it would escape that. */
static bool limited_2(const char *folder)
{
	char text[64];

	return (read_text(folder, "memory.max", text, sizeof(text)) && strncmp(text, "max", 3)) ||
	       (read_text(folder, "cpu.max", text, sizeof(text)) && strncmp(text, "max", 3));
}

static void limit_2(struct cgroup *group, const bool *wanted, const struct limits *limits, const char *folder)
{
	char text[64];

	if (wanted[MEMORY] && write_number(folder, "memory.max", limits->memory)) {
		/* In addition to memory, unlike with version 1. */
		write_number(folder, "memory.swap.max", limits->memory);
		group->memory = group->count - 1;
	}
	if (wanted[PIDS])
		write_number(folder, "pids.max", limits->processes);
	if (wanted[CPU]) {
		snprintf(text, sizeof(text), "%llu %d", PERIOD_US * limits->cpus, PERIOD_US);
		write_text(folder, "cpu.max", text);
	}
}

/*
 * A group with processes has no controllers for groups below it, unless it is the first of all. So the new group is made beside this
 * process's own.
 */
static void make_2(struct cgroup *group, const bool *wanted, const struct limits *limits)
{
	char parent[PATH_MAX], text[256], add[64];
	const char *folder;
	bool top, any = false;

	if (!own_folder(NULL, parent, &top) || limited_2(parent))
		return;
	if (!top) {
		char *slash = strrchr(parent, '/');

		if (!slash || slash == parent)
			return;
		*slash = 0;
	}
	if (!read_text(parent, "cgroup.controllers", text, sizeof(text)))
		return;
	for (int i = 0; i < CONTROLLERS; i++) {
		if (!wanted[i] || !lists(text, controllers[i]))
			continue;
		any = true;
		/* Changes nothing if it is there already. For anybody but root, this is up to whoever made the groups. */
		snprintf(add, sizeof(add), "+%s", controllers[i]);
		if (!geteuid())
			write_text(parent, "cgroup.subtree_control", add);
	}
	if (!any)
		return;
	folder = make_in(group, parent);
	if (folder)
		limit_2(group, wanted, limits, folder);
}

void cgroup_make(struct cgroup *group, const struct limits *limits)
{
	const bool wanted[CONTROLLERS] = { limits->memory, limits->processes, limits->cpus };

	group->count = 0;
	group->memory = -1;
	if (!limits->memory && !limits->processes && !limits->cpus)
		return;
	make_1(group, wanted, limits);
	if (!group->count)
		make_2(group, wanted, limits);
}

void cgroup_enter(const struct cgroup *group)
{
	for (int i = 0; i < group->count; i++)
		write_text(group->folder[i], "cgroup.procs", "0");
}

unsigned long cgroup_oom_kills(const struct cgroup *group)
{
	const char *folder = group->memory < 0 ? NULL : group->folder[group->memory];
	unsigned long kills = 0;
	char text[512];
	const char *at;

	if (!folder || (!read_text(folder, "memory.events", text, sizeof(text)) &&
			!read_text(folder, "memory.oom_control", text, sizeof(text))))
		return 0;
	at = strstr(text, "oom_kill ");
	if (at)
		sscanf(at, "oom_kill %lu", &kills);
	return kills;
}

static void kill_all(const char *folder)
{
	char path[PATH_MAX];
	FILE *file;
	int pid;

	if (!join(path, folder, "cgroup.procs"))
		return;
	file = fopen(path, "re");
	if (!file)
		return;
	while (fscanf(file, "%d", &pid) == 1) {
		if (pid > 0)
			kill(pid, SIGKILL);
	}
	fclose(file);
}

void cgroup_remove(struct cgroup *group)
{
	const struct timespec step = { 0, REMOVE_STEP_NS };

	while (group->count > 0) {
		const char *folder = group->folder[--group->count];

		for (int i = 0; rmdir(folder) && errno == EBUSY && i < REMOVE_TRIES; i++) {
			kill_all(folder);
			nanosleep(&step, NULL);
		}
	}
}
