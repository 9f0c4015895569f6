// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ksplat-guard [--remove DIR] -- COMMAND ARGS...: the parent of every QEMU.
 *
 * It holds a command to the life of whoever holds the other end of its standard input (the JVM), and leaves nothing behind:
 *
 *  - COMMAND runs in a session of its own: a terminal's Ctrl-C reaches neither it nor the guard. Its stdin is /dev/null
 *    and its stdout is the guard's stderr.
 *  - The guard's stdout has two lines at most: COMMAND's pid, once it runs; and `ended STATUS` when it has ended, where
 *    STATUS is its exit status, or 128 and the number of the signal that killed it. Then stdout is closed.
 *  - End of file on stdin (the JVM closed it, or died, SIGKILL included) or SIGTERM: COMMAND's process group is killed
 *    with SIGKILL, DIR is removed with all that it holds, and the guard exits with STATUS.
 *  - A line `keep` on stdin lets go: the end of stdin ends nothing any more. The guard stays with COMMAND, and SIGTERM to the
 *    guard ends both as above.
 *  - When COMMAND ends first: without --remove the guard exits with STATUS at once. With it, it stays until its stdin
 *    ends, so that the files of a dead machine can be read, and removes DIR then: it goes in every case, once.
 *  - When the guard itself is killed, the kernel kills COMMAND (PR_SET_PDEATHSIG); DIR stays.
 *
 * Exit status: STATUS; 127 where COMMAND could not be started; 125 for the guard's own failures, 2 for its usage.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_USAGE	2
#define EXIT_GUARD	125
#define EXIT_START	127

static int failed(const char *what, const char *which)
{
	fprintf(stderr, "ksplat-guard: %s %s: %s\n", what, which, strerror(errno));
	return -1;
}

/* Never through a symbolic link: those are removed themselves. Goes on after a failure, to remove what can be. */
static int remove_inside(int fd, const char *path)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!dir) {
		close(fd);
		return failed("list", path);
	}
	while ((entry = readdir(dir))) {
		int sub;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!unlinkat(dirfd(dir), entry->d_name, 0))
			continue;
		sub = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0) {
			result = failed("remove", entry->d_name);
			continue;
		}
		if (remove_inside(sub, entry->d_name))
			result = -1;
		if (unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR))
			result = failed("remove", entry->d_name);
	}
	closedir(dir);
	return result;
}

static int remove_tree(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : failed("remove", path);
	if (remove_inside(fd, path))
		return -1;
	return rmdir(path) ? failed("remove", path) : 0;
}

static void become(char **command, pid_t guard, int status)
{
	sigset_t none;
	int error, null;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A guard that died before that sends no signal any more. */
	if (getppid() != guard)
		_exit(EXIT_GUARD);
	setsid();
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGTSTP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO &&
	    dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO)
		execvp(command[0], command);
	error = errno;
	if (write(status, &error, sizeof(error)) < 0)
		_exit(EXIT_GUARD);
	_exit(EXIT_START);
}

static pid_t start(char **command)
{
	pid_t guard = getpid(), pid;
	int status[2], error;

	if (pipe2(status, O_CLOEXEC))
		return failed("run", command[0]);
	pid = fork();
	if (!pid)
		become(command, guard, status[1]);
	close(status[1]);
	if (pid < 0) {
		failed("run", command[0]);
	} else if (read(status[0], &error, sizeof(error)) == sizeof(error)) {
		waitpid(pid, NULL, 0);
		errno = error;
		pid = failed("run", command[0]);
	}
	close(status[0]);
	return pid;
}

static bool kept;

/* True at the end of the guard's stdin, unless that was told to mean nothing. */
static bool stdin_ended(short revents)
{
	char said[256];
	ssize_t n;

	if (!revents)
		return false;
	n = read(STDIN_FILENO, said, sizeof(said));
	if (n >= 5 && !memcmp(said, "keep\n", 5))
		kept = true;
	if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		return false;
	return !kept;
}

/* Waits for COMMAND's end, or kills it. True where the guard was told to stop. */
static bool watch(pid_t pid, int pidfd, int term)
{
	for (;;) {
		struct pollfd polled[] = {
			{ .fd = kept ? -1 : STDIN_FILENO, .events = POLLIN },
			{ .fd = term, .events = POLLIN },
			{ .fd = pidfd, .events = POLLIN },
		};

		if (poll(polled, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			failed("watch", "the command");
			kill(-pid, SIGKILL);
			return true;
		}
		if (polled[1].revents || stdin_ended(polled[0].revents)) {
			kill(-pid, SIGKILL);
			/* Before its setsid() it is in no group of its own. */
			kill(pid, SIGKILL);
			return true;
		}
		if (polled[2].revents)
			return false;
	}
}

static void wait_for_end_of_stdin(int term)
{
	for (;;) {
		struct pollfd polled[] = {
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = term, .events = POLLIN },
		};

		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			return;
		if (polled[1].revents || stdin_ended(polled[0].revents))
			return;
	}
}

static int guard(const char *dir, char **command)
{
	int term, pidfd, status, result;
	sigset_t set;
	bool told;
	pid_t pid;

	/* Where the guard leads its group already, it stays in its terminal's session, and must not heed it. */
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* An inherited "ignore" would take COMMAND's status away. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	term = signalfd(-1, &set, SFD_CLOEXEC);
	if (term < 0) {
		failed("watch for", "SIGTERM");
		return EXIT_GUARD;
	}

	pid = start(command);
	if (pid < 0) {
		result = EXIT_START;
		goto out;
	}
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		failed("watch", command[0]);
		kill(-pid, SIGKILL);
		waitpid(pid, NULL, 0);
		result = EXIT_GUARD;
		goto out;
	}
	dprintf(STDOUT_FILENO, "%d\n", (int)pid);
	told = watch(pid, pidfd, term);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* What the command left running in its group. */
	kill(-pid, SIGKILL);
	result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	dprintf(STDOUT_FILENO, "ended %d\n", result);
	close(STDOUT_FILENO);
	if (dir && !told && !kept)
		wait_for_end_of_stdin(term);
out:
	if (dir && remove_tree(dir))
		result = EXIT_GUARD;
	return result;
}

static int usage(void)
{
	fprintf(stderr, "usage: ksplat-guard [--remove DIR] -- COMMAND [ARGUMENT...]\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *dir = NULL;
	int at = 1;

	if (at + 1 < argc && !strcmp(argv[at], "--remove")) {
		dir = argv[at + 1];
		at += 2;
		if (dir[0] != '/' || !dir[strspn(dir, "/")]) {
			fprintf(stderr, "ksplat-guard: --remove %s: name a folder by its absolute path\n", dir);
			return EXIT_USAGE;
		}
	}
	if (at + 1 >= argc || strcmp(argv[at], "--"))
		return usage();
	return guard(dir, argv + at + 1);
}
