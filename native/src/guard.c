// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ksplat-guard [--remove DIR] [--host-network] [--memory BYTES] [--processes N] [--cpus N]
 *	[--read PATH]... [--write PATH]... [--listen ADDRESS:PORT]... -- COMMAND ARGS...: the parent of every QEMU.
 *
 * It ties COMMAND's life to the process at the other end of its standard input (the JVM), and leaves nothing behind:
 *
 *  - COMMAND runs in a session of its own: a terminal's Ctrl-C reaches neither it nor the guard. Its stdin is /dev/null
 *    and its stdout is the guard's stderr.
 *  - COMMAND has namespaces of its own for the network, in which there is none, and for System V and POSIX queues, where the
 *    host lets the guard make them. Descriptors that it inherits, and sockets in the file system, work as ever. With
 *    --host-network it has the guard's own ones: for a COMMAND that is trusted, such as a container's daemon.
 *  - COMMAND has no capabilities, also if the guard is root, and gets none. With --host-network it has the guard's.
 *  - With --read or --write, COMMAND reaches only the files that they name, and what is in folders that they name: to read and run
 *    them, or also to write, make and remove regular files and sockets. The system's programs and libraries, /dev/kvm, and some of
 *    /dev, /proc and /sys are there besides (guard/confine.c). It can use no TCP but on descriptors that it inherits, and can neither
 *    signal who is outside nor connect to his abstract Unix sockets, or, from Linux 7.1 on, to sockets outside the folders to write. The
 *    host's Landlock does that, see landlock(7): what the kernel is too old for is left out. In addition /run, where the host's
 *    services have their sockets, is empty, where the host lets the guard make a mount namespace and none of the paths leads there.
 *  - --memory (swap included), --processes (threads count) and --cpus (so many CPUs' time) limit COMMAND and all that it starts, by a
 *    control group of its own, where the host lets the guard make one: with version 1, below the guard's own; with version 2, beside
 *    it, unless that is limited already. The group is killed and removed at the end; the next guard removes that of a killed one.
 *  - The guard prints two lines, unless more is asked for: COMMAND's pid once it runs, and `ended STATUS` when it has ended.
 *    STATUS is its exit status, or 128 plus the number of the signal that killed it. Then stdout is closed. If the kernel killed it
 *    for want of memory, a line on stderr says so before.
 *  - End of file on stdin (the JVM closed it, or died, SIGKILL included) or SIGTERM: COMMAND's process group is killed
 *    with SIGKILL, DIR is removed with all that it holds, and the guard exits with STATUS.
 *  - After a line `keep` on stdin, the end of stdin ends nothing any more. The guard stays with COMMAND, and SIGTERM to the
 *    guard ends both as above.
 *  - If COMMAND ends first: without --remove, the guard exits with STATUS at once. With --remove, it waits for the end of
 *    stdin, so that the files of a dead machine can be read, and then removes DIR. DIR is removed in every case, once.
 *  - If the guard itself is killed, the kernel kills COMMAND (PR_SET_PDEATHSIG); DIR stays.
 *  - A line `schedstat TID` on stdin is answered by the same words on stdout, followed by that thread's /proc/TID/schedstat,
 *    or by `-` if there is no such thread.
 *
 * With --listen it is reached over TCP, for example in a container:
 *
 *  - It listens at each ADDRESS:PORT (IPv4; port 0: any that is free) and prints `listening PORT...`, in the same order.
 *  - The client that connects to the first one holds the guard: its connection is the guard's stdin and stdout from then on.
 *    There is one client, and COMMAND is not started before it connects. If nobody connects within a minute, the guard ends.
 *  - COMMAND inherits the others as the listening descriptors 10, 11 and so on.
 *  - A client whose machine is gone cannot close its connection: the guard gives it up after half a minute.
 *
 * Exit status: STATUS; 127 if COMMAND could not be started; 125 for the guard's own failures, 2 for its usage.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/cgroup.h"
#include "guard/confine.h"

#define EXIT_USAGE	2
#define EXIT_GUARD	125
#define EXIT_START	127

#define MOST_LISTENERS	8
#define MOST_CPUS	10000
/* The number that the second --listen has in COMMAND. */
#define FIRST_INHERITED	10
#define CLIENT_MS	60000
#define LINE_BYTES	64

static int failed(const char *what, const char *which)
{
	fprintf(stderr, "ksplat-guard: %s %s: %s\n", what, which, strerror(errno));
	return -1;
}

/* Removes symbolic links and does not follow them. Goes on after a failure, to remove what can be removed. */
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

struct listeners {
	int fd[MOST_LISTENERS];
	int count;
};

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

/* Without CAP_SYS_ADMIN that takes a user namespace, see user_namespaces(7). A host that forbids it is no error. */
static int isolate(void)
{
	const int apart = CLONE_NEWNET | CLONE_NEWIPC;
	const uid_t user = geteuid();
	const gid_t group = getegid();
	char users[64], groups[64];

	if (!unshare(apart) || unshare(CLONE_NEWUSER | apart))
		return 0;
	/* Who has no name there can create no file. */
	snprintf(users, sizeof(users), "%u %u 1", user, user);
	snprintf(groups, sizeof(groups), "%u %u 1", group, group);
	return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", users) &&
	       write_file("/proc/self/gid_map", groups) ? 0 : -1;
}

static bool host_network;
static struct reach reach;
static struct limits limits;
static struct cgroup group;

static void become(char **command, const struct listeners *listeners, pid_t guard, int status)
{
	const struct rlimit no_core = { 0, 0 };
	sigset_t none;
	int error, null;

	/* dup2() clears close-on-exec. The originals lie above all numbers that are used here. */
	for (int i = 1; i < listeners->count; i++) {
		if (dup2(listeners->fd[i], FIRST_INHERITED + i - 1) < 0)
			goto failed;
	}

	/* COMMAND runs what a hostile guest makes of it: it gets no more rights, and its memory is not dumped to the disk. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setrlimit(RLIMIT_CORE, &no_core))
		goto failed;
	cgroup_enter(&group);
	if (!host_network && isolate())
		goto failed;
	hide_sockets(&reach, command[0]);
	if (!host_network && drop_capabilities())
		goto failed;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* If the guard died before that, no signal will come. */
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
	    dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO && !confine(&reach, command[0]))
		execvp(command[0], command);
failed:
	error = errno;
	if (write(status, &error, sizeof(error)) < 0)
		_exit(EXIT_GUARD);
	_exit(EXIT_START);
}

static pid_t start(char **command, const struct listeners *listeners)
{
	pid_t guard = getpid(), pid;
	int status[2], error;

	if (pipe2(status, O_CLOEXEC))
		return failed("run", command[0]);
	pid = fork();
	if (!pid)
		become(command, listeners, guard, status[1]);
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

static void answer_schedstat(int tid)
{
	char path[64], text[128] = "-";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		if (n > 0)
			text[n] = 0;
		text[strcspn(text, "\n")] = 0;
	}
	dprintf(STDOUT_FILENO, "schedstat %d %s\n", tid, text);
}

static void handle_line(const char *said)
{
	int tid;

	if (!strcmp(said, "keep"))
		kept = true;
	else if (sscanf(said, "schedstat %d", &tid) == 1 && tid > 0)
		answer_schedstat(tid);
}

/* The line that is being read; what does not fit is dropped. */
static char line[LINE_BYTES];
static size_t line_length;

static void take_bytes(const char *bytes, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			line[line_length] = 0;
			handle_line(line);
			line_length = 0;
		} else if (line_length < sizeof(line) - 1) {
			line[line_length++] = bytes[i];
		}
	}
}

/* Returns true at the end of the guard's stdin, unless `keep` came before. */
static bool stdin_ended(short revents)
{
	char chunk[256];
	ssize_t n;

	if (!revents)
		return false;
	n = read(STDIN_FILENO, chunk, sizeof(chunk));
	take_bytes(chunk, n);
	if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		return false;
	return !kept;
}

/* Waits until COMMAND ends, or kills it. Returns true if the guard was told to stop. */
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

/* Reads ADDRESS:PORT. */
static bool parse_address(const char *where, struct sockaddr_in *address)
{
	const char *colon = strrchr(where, ':');
	char host[INET_ADDRSTRLEN], *end;
	long port;

	if (!colon || (size_t)(colon - where) >= sizeof(host))
		return false;
	memcpy(host, where, colon - where);
	host[colon - where] = 0;
	port = strtol(colon + 1, &end, 10);
	/* strtol() takes a sign and spaces. */
	if (!isdigit((unsigned char)colon[1]) || *end || port > 65535 || inet_pton(AF_INET, host, &address->sin_addr) != 1)
		return false;
	address->sin_family = AF_INET;
	address->sin_port = htons(port);
	return true;
}

static int listen_at(const char *where)
{
	struct sockaddr_in address = { 0 };
	const int yes = 1;
	int fd, high;

	errno = EINVAL;
	if (!parse_address(where, &address))
		return failed("listen at", where);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed("listen at", where);
	/* Out of the way of the numbers that COMMAND gets. */
	high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_INHERITED + MOST_LISTENERS);
	close(fd);
	if (high < 0)
		return failed("listen at", where);
	setsockopt(high, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(high, (struct sockaddr *)&address, sizeof(address)) || listen(high, 1)) {
		close(high);
		return failed("listen at", where);
	}
	return high;
}

static int print_ports(const struct listeners *listeners)
{
	struct sockaddr_in address;
	socklen_t length;

	dprintf(STDOUT_FILENO, "listening");
	for (int i = 0; i < listeners->count; i++) {
		length = sizeof(address);
		if (getsockname(listeners->fd[i], (struct sockaddr *)&address, &length))
			return failed("listen", "(asking for a port)");
		dprintf(STDOUT_FILENO, " %d", ntohs(address.sin_port));
	}
	dprintf(STDOUT_FILENO, "\n");
	return 0;
}

/* Makes the client's connection stdin and stdout. There is no second client. */
static int await_client(struct listeners *listeners, int term)
{
	const int yes = 1, idle_s = 10, between_s = 5, probes = 4, unanswered_ms = 30000;
	struct pollfd polled[] = {
		{ .fd = listeners->fd[0], .events = POLLIN },
		{ .fd = term, .events = POLLIN },
	};
	int fd, ready;

	while ((ready = poll(polled, 2, CLIENT_MS)) < 0 && errno == EINTR)
		;
	if (ready == 0)
		errno = ETIMEDOUT;
	if (ready <= 0)
		return failed("wait for", "a client");
	if (polled[1].revents) {
		errno = EINTR;
		return failed("wait for", "a client");
	}
	fd = accept4(listeners->fd[0], NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return failed("wait for", "a client");
	close(listeners->fd[0]);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof(between_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof(unanswered_ms));
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0) {
		close(fd);
		return failed("talk to", "the client");
	}
	close(fd);
	return 0;
}

static int guard(const char *dir, struct listeners *listeners, char **command)
{
	int term, pidfd, status, result;
	sigset_t set;
	bool told;
	pid_t pid;

	/*
	 * If the guard already leads its group, it stays in its terminal's session and must ignore the terminal's
	 * signals.
	 */
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* With an inherited SIG_IGN, COMMAND's status would be lost. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	term = signalfd(-1, &set, SFD_CLOEXEC);
	if (term < 0) {
		failed("watch for", "SIGTERM");
		return EXIT_GUARD;
	}

	if (listeners->count && (print_ports(listeners) || await_client(listeners, term))) {
		result = EXIT_GUARD;
		goto out;
	}
	cgroup_make(&group, &limits);
	pid = start(command, listeners);
	for (int i = 1; i < listeners->count; i++)
		close(listeners->fd[i]);
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
	/* Ends what the command left running in its group. */
	kill(-pid, SIGKILL);
	result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (result == 128 + SIGKILL && !told && cgroup_oom_kills(&group))
		fprintf(stderr, "ksplat-guard: the kernel killed %s for want of memory; it may use %llu MiB\n", command[0],
			limits.memory >> 20);
	cgroup_remove(&group);
	dprintf(STDOUT_FILENO, "ended %d\n", result);
	if (!listeners->count)
		close(STDOUT_FILENO);
	if (dir && !told && !kept)
		wait_for_end_of_stdin(term);
out:
	cgroup_remove(&group);
	if (dir && remove_tree(dir))
		result = EXIT_GUARD;
	return result;
}

static int usage(void)
{
	fprintf(stderr, "usage: ksplat-guard [--remove DIR] [--host-network] [--memory BYTES] [--processes N] [--cpus N] "
		"[--read PATH]... [--write PATH]... [--listen ADDRESS:PORT]... -- COMMAND ARGS...\n");
	return EXIT_USAGE;
}

struct arguments {
	const char *dir;
	const char *listen[MOST_LISTENERS];
	int listens;
	bool host_network;
	struct limits limits;
	struct reach reach;
	char **command;
};

/* Reads a limit: a number that is not zero. */
static bool parse_limit(const char *text, unsigned long long most, unsigned long long *to)
{
	char *end;

	errno = 0;
	*to = strtoull(text, &end, 10);
	/* strtoull() takes a sign and spaces. */
	return isdigit((unsigned char)text[0]) && !*end && !errno && *to && *to <= most;
}

/* Takes `--limit N` if it stands at `*at`. Returns false if N is no limit. */
static bool parse_limits(int argc, char **argv, int *at, struct limits *to)
{
	const struct {
		const char *name;
		unsigned long long most;
		unsigned long long *to;
	} known[] = {
		{ "--memory", LLONG_MAX, &to->memory },
		{ "--processes", INT_MAX, &to->processes },
		{ "--cpus", MOST_CPUS, &to->cpus },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (*at + 1 >= argc || strcmp(argv[*at], known[i].name))
			continue;
		if (!parse_limit(argv[*at + 1], known[i].most, known[i].to)) {
			fprintf(stderr, "ksplat-guard: %s %s: no limit\n", known[i].name, argv[*at + 1]);
			return false;
		}
		*at += 2;
	}
	return true;
}

static int parse_paths(int argc, char **argv, int at, const char *option, const char **paths, int *count)
{
	while (at + 1 < argc && !strcmp(argv[at], option) && *count < MOST_PATHS) {
		paths[(*count)++] = argv[at + 1];
		at += 2;
	}
	return at;
}

/* Returns an exit status if they are none that the guard takes, else 0. */
static int parse(int argc, char **argv, struct arguments *to)
{
	int at = 1;

	if (at + 1 < argc && !strcmp(argv[at], "--remove")) {
		to->dir = argv[at + 1];
		at += 2;
		if (to->dir[0] != '/' || !to->dir[strspn(to->dir, "/")]) {
			fprintf(stderr, "ksplat-guard: --remove %s: name a folder by its absolute path\n", to->dir);
			return EXIT_USAGE;
		}
	}
	if (at < argc && !strcmp(argv[at], "--host-network")) {
		to->host_network = true;
		at++;
	}
	if (!parse_limits(argc, argv, &at, &to->limits))
		return EXIT_USAGE;
	at = parse_paths(argc, argv, at, "--read", to->reach.readable, &to->reach.reads);
	at = parse_paths(argc, argv, at, "--write", to->reach.writable, &to->reach.writes);
	while (at + 1 < argc && !strcmp(argv[at], "--listen") && to->listens < MOST_LISTENERS) {
		to->listen[to->listens++] = argv[at + 1];
		at += 2;
	}
	if (at + 1 >= argc || strcmp(argv[at], "--"))
		return usage();
	to->command = argv + at + 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct listeners listeners = { .count = 0 };
	struct arguments arguments = { 0 };
	int status = parse(argc, argv, &arguments);

	if (status)
		return status;
	host_network = arguments.host_network;
	limits = arguments.limits;
	reach = arguments.reach;
	for (; listeners.count < arguments.listens; listeners.count++) {
		int fd = listen_at(arguments.listen[listeners.count]);

		if (fd < 0)
			return EXIT_GUARD;
		listeners.fd[listeners.count] = fd;
	}
	return guard(arguments.dir, &listeners, arguments.command);
}
