// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cpus=2 reaches=cgroup_mkdir:200
/* Makes and removes cgroups, each with a process in it. With FROZEN, the last one is frozen and its process awaited. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char *folder, const char *file, const char *text)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s", path);
	close(fd);
}

static void one(int n)
{
	char folder[100];
	pid_t child;

	snprintf(folder, sizeof(folder), "/sys/fs/cgroup/storm%d", n);
	if (mkdir(folder, 0755))
		err(1, "%s", folder);
	child = fork();
	if (!child) {
		put(folder, "cgroup.procs", "0");
#ifdef FROZEN
		if (n == 199)
			put(folder, "cgroup.freeze", "1");
#endif
		_exit(0);
	}
	waitpid(child, NULL, 0);
	/* What has exited leaves a moment later. */
	while (rmdir(folder))
		if (errno != EBUSY)
			err(1, "rmdir");
}

int main(void)
{
	for (int n = 0; n < 200; n++)
		one(n);
	return 0;
}
