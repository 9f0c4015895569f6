// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ksplat-guard with real commands: what it leaves behind, and what it prints. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../test/check.h"

#define DEADLINE_MS 10000

static char program[512];

/* This program, which a guard runs to try something: see try(). */
static char self[4096];

struct guarded {
	pid_t guard;
	pid_t command;
	int in;
	FILE *out;
};

static struct guarded guard(char *const argv[])
{
	struct guarded g = { .command = -1 };
	int in[2], out[2];
	char line[64];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		abort();
	g.guard = fork();
	if (!g.guard) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execv(program, argv);
		_exit(126);
	}
	close(in[0]);
	close(out[1]);
	g.in = in[1];
	g.out = fdopen(out[0], "r");
	if (fgets(line, sizeof(line), g.out))
		g.command = atoi(line);
	return g;
}

/* Polls, because a test gets no event for a process that is not its child. */
static bool becomes(bool (*true_for)(const void *), const void *what)
{
	const struct timespec step = { 0, 2000000 };

	for (int i = 0; i < DEADLINE_MS / 2; i++) {
		if (true_for(what))
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

/* A zombie counts as gone: this machine's PID 1 may be slow to reap an orphan. */
static bool gone(const void *pid)
{
	char path[64], state = 'X';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", *(const pid_t *)pid);
	file = fopen(path, "r");
	if (!file)
		return true;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'X';
	fclose(file);
	return state == 'Z' || state == 'X';
}

static bool absent(const void *path)
{
	struct stat st;

	return lstat(path, &st) && errno == ENOENT;
}

static int finish(struct guarded *g)
{
	int status = -1;

	if (g->in >= 0)
		close(g->in);
	waitpid(g->guard, &status, 0);
	fclose(g->out);
	return status;
}

static void last_line(struct guarded *g, char *to, size_t size)
{
	to[0] = 0;
	if (fgets(to, size, g->out))
		to[strcspn(to, "\n")] = 0;
}

static void make_tree(char *dir, char *outside)
{
	char path[600];
	int fd;

	strcpy(dir, "/tmp/guard-test-XXXXXX");
	strcpy(outside, "/tmp/guard-outside-XXXXXX");
	if (!mkdtemp(dir) || !mkdtemp(outside))
		abort();
	snprintf(path, sizeof(path), "%s/kept", outside);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	snprintf(path, sizeof(path), "%s/deep", dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/deep/file", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	snprintf(path, sizeof(path), "%s/deep/link", dir);
	if (symlink(outside, path))
		abort();
}

static void drop_outside(const char *outside)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/kept", outside);
	CHECK(!unlink(path), "a symbolic link was followed out of the folder");
	rmdir(outside);
}

static void status_is_passed_on(void)
{
	char *exits[] = { program, "--", "sh", "-c", "exit 7", NULL };
	char *dies[] = { program, "--", "sh", "-c", "kill -TERM $$", NULL };
	char line[64];
	struct guarded g = guard(exits);
	int status;

	last_line(&g, line, sizeof(line));
	CHECK(!strcmp(line, "ended 7"), "said: %s", line);
	waitpid(g.guard, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %x", status);
	close(g.in);
	fclose(g.out);

	g = guard(dies);
	last_line(&g, line, sizeof(line));
	CHECK(!strcmp(line, "ended 143"), "said: %s", line);
	status = finish(&g);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 143, "status %x", status);
}

static void the_command_gains_no_rights_and_dumps_no_core(void)
{
	char *confined[] = { program, "--", "sh", "-c",
			     "grep -q '^NoNewPrivs:[[:space:]]*1$' /proc/self/status && test $(ulimit -c)$(ulimit -H -c) = 00",
			     NULL };
	struct guarded g = guard(confined);
	char line[64];

	last_line(&g, line, sizeof(line));
	CHECK(!strcmp(line, "ended 0"), "said: %s", line);
	finish(&g);
}

/* Whether this host lets such a process make them is tried here first. */
static bool may_be_apart(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(unshare(CLONE_NEWNET | CLONE_NEWIPC) && unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC));
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static void the_command_sees_no_network_unless_it_is_asked_for(void)
{
	char net[64], script[256];
	char *apart[] = { program, "--", "sh", "-c", script, NULL };
	char *together[] = { program, "--host-network", "--", "sh", "-c", script, NULL };
	ssize_t length = readlink("/proc/self/ns/net", net, sizeof(net) - 1);
	char *owned = "t=$(mktemp) && test -O $t && rm $t";
	struct guarded g;
	char line[64];

	CHECK(length > 0, "no network namespace");
	net[length > 0 ? length : 0] = 0;
	snprintf(script, sizeof(script), "test $(readlink /proc/self/ns/net) %s '%s' && %s",
		 may_be_apart() ? "!=" : "=", net, owned);
	g = guard(apart);
	last_line(&g, line, sizeof(line));
	CHECK(!strcmp(line, "ended 0"), "said: %s", line);
	finish(&g);
	snprintf(script, sizeof(script), "test $(readlink /proc/self/ns/net) = '%s' && %s", net, owned);
	g = guard(together);
	last_line(&g, line, sizeof(line));
	CHECK(!strcmp(line, "ended 0"), "said with --host-network: %s", line);
	finish(&g);
}

/* Returns the exit status of what a guard starts. */
static int ended(char *const argv[])
{
	struct guarded g = guard(argv);
	int status = -1;
	char line[64];

	last_line(&g, line, sizeof(line));
	if (sscanf(line, "ended %d", &status) != 1)
		status = -1;
	finish(&g);
	return status;
}

static int landlock(void)
{
	return syscall(444, NULL, 0, 1u);
}

static void the_command_has_no_capabilities_unless_it_is_trusted(void)
{
	/* Nobody but root may give up what lies beyond his rights anyway. */
	char *none = geteuid() ? "! grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status | grep -v '0000000000000000$'" :
				 "! grep -E '^Cap' /proc/self/status | grep -v '0000000000000000$'";
	char mine[64], trusted_script[256];
	char *untrusted[] = { program, "--", "sh", "-c", none, NULL };
	char *trusted[] = { program, "--host-network", "--", "sh", "-c", trusted_script, NULL };
	FILE *status = fopen("/proc/self/status", "r");
	char text[256];

	CHECK(ended(untrusted) == 0, "it has capabilities");
	mine[0] = 0;
	while (status && fgets(text, sizeof(text), status))
		sscanf(text, "CapPrm: %63s", mine);
	if (status)
		fclose(status);
	snprintf(trusted_script, sizeof(trusted_script), "grep -q '^CapPrm:[[:space:]]*%s$' /proc/self/status", mine);
	CHECK(ended(trusted) == 0, "--host-network took some of %s", mine);
}

/* A script that ends with 0 unless a file is refused. */
struct attempt {
	const char *script;
	/* The first version of Landlock that refuses it, 0 if none does. */
	int refused_since;
};

static void the_command_reaches_only_the_files_that_are_named(void)
{
	char readable[64], outside[64], writable[64] = "/tmp/guard-writable-XXXXXX", script[400], names[256];
	const struct attempt attempts[] = {
		{ "cat $readable/deep/file", 0 },
		{ "echo x >>$readable/deep/file", 1 },
		{ "cat $readable/deep/link/kept", 1 },
		{ "cat $outside/kept", 1 },
		{ "ls $outside", 1 },
		{ "echo x >>$outside/kept", 1 },
		{ "truncate -s 0 $outside/kept", 1 },
		{ "echo x >$outside/new && rm $outside/new", 1 },
		{ "mkdir $outside/folder && rmdir $outside/folder", 1 },
		{ "echo x >$writable/new && read x <$writable/new && mv $writable/new $writable/old && rm $writable/old", 0 },
		{ "mkfifo $writable/fifo && rm $writable/fifo", 1 },
		{ "echo x >/dev/null && head -c 1 /dev/urandom", 0 },
	};
	char *confined[] = { program, "--read", readable, "--write", writable, "--", "sh", "-c", script, NULL };
	char *open_to_all[] = { program, "--", "sh", "-c", script, NULL };
	char *remove[] = { program, "--remove", readable, "--", "true", NULL };

	make_tree(readable, outside);
	if (!mkdtemp(writable))
		abort();
	snprintf(names, sizeof(names), "readable=%s outside=%s writable=%s", readable, outside, writable);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		bool refused = attempts[i].refused_since && landlock() >= attempts[i].refused_since;

		snprintf(script, sizeof(script), "%s; %s", names, attempts[i].script);
		CHECK((ended(confined) != 0) == refused, "confined: %s", script);
		CHECK(ended(open_to_all) == 0, "not confined: %s", script);
	}
	ended(remove);
	CHECK(!rmdir(writable), "something was left in %s", writable);
	drop_outside(outside);
}

static int socket_at(const char *abstract, int (*use)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s", abstract);
	if (use(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int connect_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static int call(int port);

/* Does one thing that may be refused: exit status 0 if it was not. */
static int try(const char *what, const char *with)
{
	long number = atol(with);
	char *memory;

	if (!strcmp(what, "connect"))
		return call(number) < 0;
	if (!strcmp(what, "signal"))
		return kill(number, 0) != 0;
	if (!strcmp(what, "abstract"))
		return socket_at(with, connect) < 0;
	if (!strcmp(what, "socket"))
		return connect_at(with);
	if (!strcmp(what, "fork")) {
		for (long i = 0; i < number; i++) {
			pid_t pid = fork();

			if (!pid) {
				pause();
				_exit(0);
			}
			if (pid < 0)
				return 1;
		}
		return 0;
	}
	if (!strcmp(what, "allocate")) {
		memory = mmap(NULL, number, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		return memory == MAP_FAILED || memory[number - 1];
	}
	return 2;
}

static void the_command_meets_nobody_outside(void)
{
	char port[16], pid[16], name[32];
	char *tries[][2] = { { "connect", port }, { "signal", pid }, { "abstract", name } };
	const int since[] = { 4, 6, 6 };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(address);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), abstract;

	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(name, sizeof(name), "guard-test-%d", getpid());
	abstract = socket_at(name, bind);
	if (tcp < 0 || abstract < 0 || bind(tcp, (struct sockaddr *)&address, length) || listen(tcp, 8) || listen(abstract, 8) ||
	    getsockname(tcp, (struct sockaddr *)&address, &length))
		abort();
	snprintf(port, sizeof(port), "%d", ntohs(address.sin_port));
	for (int i = 0; i < 3; i++) {
		/* Where no network namespace stands before Landlock. */
		char *confined[] = { program, "--host-network", "--read", "/usr", "--", self, "try", tries[i][0], tries[i][1], NULL };
		char *together[] = { program, "--host-network", "--", self, "try", tries[i][0], tries[i][1], NULL };

		CHECK(ended(confined) == (landlock() >= since[i]), "confined, it may %s", tries[i][0]);
		CHECK(ended(together) == 0, "it may not %s", tries[i][0]);
	}
	close(tcp);
	close(abstract);
}

static void the_command_meets_no_service_of_the_host(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *confined[] = { program, "--read", "/usr", "--", self, "try", "socket", address.sun_path, NULL };
	char *together[] = { program, "--", self, "try", "socket", address.sun_path, NULL };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/run/guard-test-%d", getpid());
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		/* Only root may. */
		close(fd);
		return;
	}
	if (listen(fd, 8))
		abort();
	CHECK((ended(confined) != 0) == (may_be_apart() || landlock() >= 9), "confined");
	CHECK(ended(together) == 0, "not confined");
	unlink(address.sun_path);
	close(fd);
}

/* Whether this host lets such a process make control groups with all that is limited. */
static bool may_limit(void)
{
	char text[256] = "";
	FILE *file;

	if (geteuid())
		return false;
	if (!access("/sys/fs/cgroup/memory/cgroup.procs", W_OK) && !access("/sys/fs/cgroup/pids/cgroup.procs", W_OK))
		return true;
	file = fopen("/sys/fs/cgroup/cgroup.subtree_control", "r+");
	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	return strstr(text, "memory") && strstr(text, "pids");
}

static void the_command_is_held_to_its_limits(void)
{
	/* A sanitized program needs more memory than a plain one. */
	char *forks[] = { program, "--processes", "50", "--", self, "try", "fork", "60", NULL };
	char *few[] = { program, "--processes", "50", "--", self, "try", "fork", "40", NULL };
	char *unlimited[] = { program, "--", self, "try", "fork", "60", NULL };
	char *allocates[] = { program, "--memory", "268435456", "--", self, "try", "allocate", "536870912", NULL };
	char *little[] = { program, "--memory", "268435456", "--", self, "try", "allocate", "67108864", NULL };
	char *much[] = { program, "--", self, "try", "allocate", "536870912", NULL };
	char text[512] = "";
	int words[2], saved;
	ssize_t n;

	CHECK(ended(forks) == may_limit(), "60 processes where 50 may be");
	CHECK(ended(few) == 0, "40 processes where 50 may be");
	CHECK(ended(unlimited) == 0, "60 processes without a limit");
	CHECK(ended(little) == 0, "64 MiB of 256");
	CHECK(ended(much) == 0, "512 MiB without a limit");
	if (pipe2(words, O_CLOEXEC))
		abort();
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	dup2(words[1], STDERR_FILENO);
	close(words[1]);
	CHECK(ended(allocates) == (may_limit() ? 137 : 0), "512 MiB of 256");
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(words[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	close(words[0]);
	CHECK(!may_limit() || (strstr(text, "for want of memory; it may use 256 MiB\n") && strstr(text, self)), "said: %s", text);
}

/* Finds the folder of a process's group in the hierarchy of a controller, or that of version 2. */
static bool group_of(pid_t pid, const char *controller, char *to, size_t size)
{
	char path[64], line[1024], word[32];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	file = fopen(path, "r");
	snprintf(word, sizeof(word), ":%s:", controller);
	while (file && !found && fgets(line, sizeof(line), file)) {
		char *own = strstr(line, "/ksplat-");

		if (!own)
			continue;
		line[strcspn(line, "\n")] = 0;
		found = strstr(line, word) || !strncmp(line, "0::", 3);
		snprintf(to, size, "/sys/fs/cgroup%s%s%s", strstr(line, word) ? "/" : "", strstr(line, word) ? controller : "",
			 strchr(strchr(line, ':') + 1, ':') + 1);
	}
	if (file)
		fclose(file);
	return found;
}

static bool has_two_sessions(const void *procs)
{
	FILE *file = fopen(procs, "r");
	pid_t pid, first = 0;
	bool two = false;

	while (file && fscanf(file, "%d", &pid) == 1) {
		if (!first)
			first = getsid(pid);
		two |= getsid(pid) != first;
	}
	if (file)
		fclose(file);
	return two;
}

static void its_control_group_goes_with_it(void)
{
	char *argv[] = { program, "--memory", "268435456", "--processes", "50", "--cpus", "3", "--", "sleep", "1000", NULL };
	char *leaves[] = { program, "--processes", "50", "--", "sh", "-c", "setsid sleep 1000 & exec sleep 1000", NULL };
	char *next[] = { program, "--processes", "50", "--", "true", NULL };
	char pids[1200] = "", memory[1200] = "", cpu[1200] = "", path[1300];
	struct guarded g;
	FILE *file;
	int status;

	if (!may_limit())
		return;
	for (int i = 0; i < 3; i++) {
		g = guard(argv);
		CHECK(group_of(g.command, "pids", pids, sizeof(pids)), "%d is in no group of its own", g.command);
		CHECK(group_of(g.command, "memory", memory, sizeof(memory)), "%d is in no group of its own", g.command);
		CHECK(!absent(pids) && !absent(memory), "%s, %s", pids, memory);
		snprintf(path, sizeof(path), "%s/pids.max", pids);
		file = fopen(path, "r");
		CHECK(file && fscanf(file, "%d", &status) == 1 && status == 50, "%s", path);
		if (file)
			fclose(file);
		if (group_of(g.command, "cpu", cpu, sizeof(cpu))) {
			snprintf(path, sizeof(path), "%s/%s", cpu, strcmp(cpu, pids) ? "cpu.cfs_quota_us" : "cpu.max");
			file = fopen(path, "r");
			CHECK(file && fscanf(file, "%d", &status) == 1 && status == 300000, "%s", path);
			if (file)
				fclose(file);
		}
		if (i == 0) {
			finish(&g);
		} else {
			kill(g.guard, i == 1 ? SIGTERM : SIGKILL);
			waitpid(g.guard, &status, 0);
			close(g.in);
			fclose(g.out);
			CHECK(becomes(gone, &g.command), "the command lives");
		}
		if (i == 2) {
			CHECK(!absent(pids), "nothing was left over to try with");
			CHECK(ended(next) == 0, "the next one did not run");
		}
		CHECK(absent(pids), "%s is still there", pids);
		CHECK(i == 2 || absent(memory), "%s is still there", memory);
	}
	next[1] = "--memory";
	next[2] = "268435456";
	CHECK(ended(next) == 0 && absent(memory), "%s is still there", memory);

	g = guard(leaves);
	CHECK(group_of(g.command, "pids", pids, sizeof(pids)), "%d is in no group of its own", g.command);
	snprintf(path, sizeof(path), "%s/cgroup.procs", pids);
	CHECK(becomes(has_two_sessions, path), "nothing left its session");
	finish(&g);
	CHECK(absent(pids), "what left its process group lives on in %s", pids);
}

static void end_of_stdin_kills_the_group_and_removes(void)
{
	char dir[64], outside[64], pidfile[128], script[512];
	char *argv[] = { program, "--remove", dir, "--", "sh", "-c", script, NULL };
	struct guarded g;
	pid_t grandchild = -1;
	FILE *file;
	int status;

	make_tree(dir, outside);
	snprintf(pidfile, sizeof(pidfile), "%s/pid", dir);
	snprintf(script, sizeof(script), "sleep 1000 & echo $! > %s.new; mv %s.new %s; wait", pidfile, pidfile, pidfile);
	g = guard(argv);
	CHECK(g.command > 0, "no pid said");
	for (int i = 0; i < DEADLINE_MS && absent(pidfile); i++)
		usleep(1000);
	file = fopen(pidfile, "r");
	CHECK(file && fscanf(file, "%d", &grandchild) == 1, "the command never began");
	if (file)
		fclose(file);
	CHECK(getsid(g.command) != getsid(0) && getsid(g.command) == g.command, "the command has no session of its own");
	CHECK(getsid(g.guard) != getsid(0), "the guard is in its parent's session");
	status = finish(&g);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 137, "status %x", status);
	CHECK(gone(&g.command), "the command lives");
	CHECK(becomes(gone, &grandchild), "what the command started lives");
	CHECK(absent(dir), "%s is still there", dir);
	drop_outside(outside);
}

static void sigterm_is_as_the_end_of_stdin(void)
{
	char dir[64], outside[64];
	char *argv[] = { program, "--remove", dir, "--", "sleep", "1000", NULL };
	struct guarded g;
	int status;

	make_tree(dir, outside);
	g = guard(argv);
	kill(g.guard, SIGTERM);
	waitpid(g.guard, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 137, "status %x", status);
	CHECK(gone(&g.command) && absent(dir), "something was left");
	close(g.in);
	fclose(g.out);
	drop_outside(outside);
}

static void a_killed_guard_takes_its_command_along(void)
{
	char *argv[] = { program, "--", "sleep", "1000", NULL };
	struct guarded g = guard(argv);

	CHECK(g.command > 0 && !gone(&g.command), "the command does not run");
	kill(g.guard, SIGKILL);
	finish(&g);
	CHECK(becomes(gone, &g.command), "the command outlives its guard");
}

static void the_folder_stays_readable_until_stdin_ends(void)
{
	char dir[64], outside[64], line[64];
	char *argv[] = { program, "--remove", dir, "--", "sh", "-c", "exit 3", NULL };
	struct pollfd polled;
	struct guarded g;
	int status;

	make_tree(dir, outside);
	g = guard(argv);
	last_line(&g, line, sizeof(line));
	CHECK(!strcmp(line, "ended 3"), "said: %s", line);
	polled = (struct pollfd){ .fd = fileno(g.out), .events = POLLIN };
	CHECK(poll(&polled, 1, DEADLINE_MS) == 1 && polled.revents & POLLHUP, "stdout stays open after the end");
	CHECK(!absent(dir) && waitpid(g.guard, &status, WNOHANG) == 0, "the folder went before its reader let go");
	status = finish(&g);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3, "status %x", status);
	CHECK(absent(dir), "%s is still there", dir);
	drop_outside(outside);
}

static void terminal_signals_do_not_reach(void)
{
	char *argv[] = { program, "--", "sleep", "1000", NULL };
	struct guarded g = guard(argv);
	int status;

	kill(g.guard, SIGINT);
	kill(g.guard, SIGHUP);
	usleep(20000);
	CHECK(waitpid(g.guard, &status, WNOHANG) == 0 && !gone(&g.command), "a terminal's signal ended it");
	finish(&g);
}

static void what_cannot_start_says_so(void)
{
	char *argv[] = { program, "--", "/no/such/program", NULL };
	char *usage[] = { program, "sleep", "1", NULL };
	char *root[] = { program, "--remove", "/", "--", "sleep", "1", NULL };
	char *sign[] = { program, "--listen", "127.0.0.1:+0", "--", "sleep", "1", NULL };
	char *limit[] = { program, "--processes", "-1", "--", "sleep", "1", NULL };
	struct guarded g = guard(argv);
	int status = finish(&g);

	CHECK(g.command == -1 && WIFEXITED(status) && WEXITSTATUS(status) == 127, "status %x", status);
	g = guard(usage);
	status = finish(&g);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 2, "status %x", status);
	g = guard(root);
	status = finish(&g);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 2, "status %x", status);
	g = guard(limit);
	status = finish(&g);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 2, "status %x", status);
	g = guard(sign);
	status = finish(&g);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 125, "status %x", status);
}

static void a_link_in_place_of_the_folder_is_not_followed(void)
{
	char dir[64], outside[64], link[128];
	char *argv[] = { program, "--remove", link, "--", "true", NULL };
	struct guarded g;
	int status;

	make_tree(dir, outside);
	snprintf(link, sizeof(link), "%s/deep/link", dir);
	g = guard(argv);
	status = finish(&g);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 125, "status %x", status);
	argv[2] = dir;
	g = guard(argv);
	finish(&g);
	CHECK(absent(dir), "%s is still there", dir);
	drop_outside(outside);
}

static void a_kept_command_outlives_stdin(void)
{
	char dir[64], outside[64];
	char *argv[] = { program, "--remove", dir, "--", "sleep", "1000", NULL };
	const struct timespec moment = { 0, 100000000 };
	struct guarded g;
	int status;

	make_tree(dir, outside);
	g = guard(argv);
	CHECK(write(g.in, "keep\n", 5) == 5, "the guard does not listen");
	close(g.in);
	nanosleep(&moment, NULL);
	CHECK(!kill(g.command, 0) && !gone(&g.command), "the command has ended with stdin");
	CHECK(!absent(dir), "%s is gone", dir);
	kill(g.guard, SIGTERM);
	waitpid(g.guard, &status, 0);
	CHECK(becomes(gone, &g.command), "%d still runs", g.command);
	CHECK(absent(dir), "%s is still there", dir);
	fclose(g.out);
	drop_outside(outside);
}

static int call(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Starts a guard that listens, and reads its ports from its output. */
static struct guarded listening(char *const argv[], int ports[2])
{
	struct guarded g = { .command = -1, .in = -1 };
	char line[128];
	int out[2];

	if (pipe2(out, O_CLOEXEC))
		abort();
	g.guard = fork();
	if (!g.guard) {
		dup2(out[1], STDOUT_FILENO);
		execv(program, argv);
		_exit(126);
	}
	close(out[1]);
	g.out = fdopen(out[0], "r");
	ports[0] = ports[1] = 0;
	if (fgets(line, sizeof(line), g.out))
		CHECK(sscanf(line, "listening %d %d", &ports[0], &ports[1]) == 2, "said: %s", line);
	return g;
}

static void a_client_holds_the_guard_and_its_end_ends_all(void)
{
	char *argv[] = {
		program, "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--",
		"sh", "-c", "test -S /dev/fd/10 && ! test -e /dev/fd/11 && exec sleep 1000", NULL,
	};
	char line[128], question[64];
	int ports[2], fd, status, tid = 0;
	struct guarded g = listening(argv, ports);
	unsigned long ran;
	FILE *client;

	fd = call(ports[0]);
	CHECK(fd >= 0, "nobody listens at %d", ports[0]);
	client = fdopen(fd, "r");
	CHECK(client && fgets(line, sizeof(line), client), "no pid said");
	g.command = atoi(line);
	CHECK(g.command > 0 && !gone(&g.command), "said: %s", line);
	CHECK(call(ports[0]) < 0, "the guard takes a second client");
	fd = call(ports[1]);
	CHECK(fd >= 0, "the command's socket does not listen");
	close(fd);

	/* In two pieces, and with a thread that does not exist. */
	snprintf(question, sizeof(question), "%d\nschedstat 99999999\n", g.command);
	CHECK(write(fileno(client), "sched", 5) == 5 && write(fileno(client), "stat ", 5) == 5, "writing");
	CHECK(write(fileno(client), question, strlen(question)) > 0, "writing");
	CHECK(fgets(line, sizeof(line), client) && sscanf(line, "schedstat %d %lu", &tid, &ran) == 2 && tid == g.command,
	      "said: %s", line);
	CHECK(fgets(line, sizeof(line), client) && !strcmp(line, "schedstat 99999999 -\n"), "said: %s", line);

	fclose(client);
	waitpid(g.guard, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 137, "status %x", status);
	CHECK(gone(&g.command), "the command lives");
	fclose(g.out);
}

static void nothing_runs_before_a_client_is_there(void)
{
	char dir[64], outside[64], file[128];
	char *argv[] = {
		program, "--remove", dir, "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--", "touch", file, NULL,
	};
	const struct timespec moment = { 0, 100000000 };
	int ports[2], status;
	struct guarded g;

	make_tree(dir, outside);
	snprintf(file, sizeof(file), "%s/ran", outside);
	g = listening(argv, ports);
	nanosleep(&moment, NULL);
	CHECK(absent(file), "the command ran without a client");
	kill(g.guard, SIGTERM);
	waitpid(g.guard, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 125, "status %x", status);
	CHECK(absent(file) && absent(dir), "it ran at the end, or left its folder");
	fclose(g.out);
	drop_outside(outside);
}

int main(int argc, char **argv)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (argc == 4 && !strcmp(argv[1], "try"))
		return try(argv[2], argv[3]);
	if (!realpath(argv[0], self))
		abort();
	snprintf(program, sizeof(program), "%s/ksplat-guard", argc > 1 ? argv[1] : "build");
	status_is_passed_on();
	the_command_gains_no_rights_and_dumps_no_core();
	the_command_has_no_capabilities_unless_it_is_trusted();
	the_command_sees_no_network_unless_it_is_asked_for();
	the_command_is_held_to_its_limits();
	its_control_group_goes_with_it();
	end_of_stdin_kills_the_group_and_removes();
	sigterm_is_as_the_end_of_stdin();
	a_kept_command_outlives_stdin();
	a_killed_guard_takes_its_command_along();
	the_folder_stays_readable_until_stdin_ends();
	terminal_signals_do_not_reach();
	/* Its messages are expected here. */
	dup2(null, STDERR_FILENO);
	the_command_reaches_only_the_files_that_are_named();
	the_command_meets_nobody_outside();
	the_command_meets_no_service_of_the_host();
	what_cannot_start_says_so();
	a_client_holds_the_guard_and_its_end_ends_all();
	nothing_runs_before_a_client_is_there();
	a_link_in_place_of_the_folder_is_not_followed();
	return summary();
}
