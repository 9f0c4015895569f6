// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: memory=512M reaches=oom_kill_process
/* A child takes more memory than its cgroup may have. With ITSELF, the program does. */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER "/sys/fs/cgroup/small"
#define LIMIT (16 << 20)

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s", path);
	close(fd);
}

static void take(void)
{
	put(FOLDER "/cgroup.procs", "0");
	memset(mmap(NULL, 2 * LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 2 * LIMIT);
	_exit(3);
}

int main(void)
{
	int status = 0;
	pid_t child;

	put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(FOLDER, 0755))
		err(1, FOLDER);
	put(FOLDER "/memory.max", "16777216");
#ifdef ITSELF
	take();
#endif
	child = fork();
	if (!child)
		take();
	waitpid(child, &status, 0);
	return !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
}
