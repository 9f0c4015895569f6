// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Children: commands that run to their end, children that stay, and orphans.
 *
 * A spawned child stays a zombie until the host asks for it: until then its task_struct has references that a
 * reproducer must be able to count on. So nothing may wait for just any child. Linux helps: __WNOTHREAD waits for the
 * calling thread's own children only; a child belongs to the thread that forked it, for as long as that lives, and
 * orphans are given to the main thread, which forks nothing itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define OUTPUT_MAX (1u << 20)

struct child {
	enum { PARKED, CHURN, COMMAND } kind;
	char **argv;
	char **env;
	const char *root;
	const char *directory;
	bool other_user;
	uint32_t user, group;
	bool pinned;
	uint32_t cpu;
	int in, out, err;
};

struct output {
	int fd;
	uint8_t *data;
	size_t len;
};

int pin_to_cpu(pid_t pid, uint32_t cpu)
{
	cpu_set_t set;

	if (cpu >= CPU_SETSIZE)
		return EINVAL;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? errno : 0;
}

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

int time_left(uint64_t deadline)
{
	uint64_t now;

	if (!deadline)
		return -1;
	now = now_ms();
	if (now >= deadline)
		return 0;
	return deadline - now < INT_MAX ? deadline - now : INT_MAX;
}

static void churn(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/ksplat-churn.%d", (int)getpid());
	for (;;) {
		int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0)
			_exit(1);
		close(fd);
		unlink(path);
	}
}

/*
 * Returns 0 or an errno. The C library's own functions would signal the agent's other threads, which are none of this
 * child's.
 */
static int settle(const struct child *child)
{
	if (child->root[0] && (chroot(child->root) || chdir("/")))
		return errno;
	if (child->directory[0] && chdir(child->directory))
		return errno;
	if (!child->other_user)
		return 0;
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, child->group, child->group, child->group) ||
	    syscall(SYS_setresuid, child->user, child->user, child->user))
		return errno;
	return 0;
}

/* After fork() in a process with threads: only what signal-safety(7) allows. */
static void become(const struct child *child, int status)
{
	const struct sched_param none = { 0 };
	sigset_t empty;
	int error;

	/* Whatever ends the agent must leave nothing running. In a machine everything ends with PID 1 anyway. */
	if (!own_machine)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	sched_setscheduler(0, SCHED_OTHER, &none);
	/* A group of its own, so that a command is killed together with all that it started. */
	setpgid(0, 0);
	if (child->in >= 0)
		dup2(child->in, STDIN_FILENO);
	if (child->out >= 0)
		dup2(child->out, STDOUT_FILENO);
	if (child->err >= 0)
		dup2(child->err, STDERR_FILENO);
	error = child->pinned ? pin_to_cpu(0, child->cpu) : 0;
	if (!error && child->kind == COMMAND)
		error = settle(child);
	if (!error && child->kind == COMMAND) {
		execvpe(child->argv[0], child->argv, child->env);
		error = errno;
	}
	if (error) {
		if (write(status, &error, sizeof(error)) < 0)
			_exit(126);
		_exit(127);
	}
	/* Otherwise maps and links would live on in the child after the agent has closed them. */
	close_range(STDERR_FILENO + 1, ~0u, 0);
	if (child->kind == CHURN)
		churn();
	for (;;)
		pause();
}

/* Returns the pid, or a negative errno: of the fork, or of the step that the child could not take before it began. */
static pid_t start(const struct child *child)
{
	int status[2], error = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(status, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		become(child, status[1]);
	if (pid < 0)
		error = errno;
	close(status[1]);
	if (pid > 0) {
		do {
			n = read(status[0], &error, sizeof(error));
		} while (n < 0 && errno == EINTR);
		if (n != sizeof(error))
			error = 0;
		if (error)
			waitpid(pid, NULL, 0);
	}
	close(status[0]);
	return error ? -error : pid;
}

static int bytes_as_input(const ProtobufCBinaryData *bytes)
{
	size_t done = 0;
	int fd;

	if (!bytes->len)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("stdin", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	while (done < bytes->len) {
		ssize_t n = pwrite(fd, bytes->data + done, bytes->len - done, done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(fd);
			return -1;
		}
		done += n;
	}
	return fd;
}

static char *default_env[] = { "PATH=/sbin:/bin:/usr/sbin:/usr/bin", "HOME=/", NULL };

static char **vector(size_t n, char **from)
{
	char **to = calloc(n + 1, sizeof(*to));

	if (!to)
		die("no memory for %zu arguments: give the machine more", n);
	if (n)
		memcpy(to, from, n * sizeof(*to));
	return to;
}

/* Sets what a command needs, except its outputs. Returns false after a reply with a failure. */
static bool command(uint32_t id, const PB(Exec) *op, struct child *child)
{
	if (!op->n_argv || !op->argv[0][0]) {
		reply_failure(id, EINVAL, "run a command without a name");
		return false;
	}
	child->in = bytes_as_input(&op->stdin);
	if (child->in < 0) {
		reply_failure(id, errno, "make the input of %s", op->argv[0]);
		return false;
	}
	child->kind = COMMAND;
	child->argv = vector(op->n_argv, op->argv);
	child->env = op->n_env ? vector(op->n_env, op->env) : default_env;
	child->root = op->root;
	child->directory = op->directory;
	child->other_user = op->has_user_case != 0 || op->has_group_case != 0;
	child->user = op->user;
	child->group = op->group;
	if (op->has_cpu_case && !child->pinned) {
		child->pinned = true;
		child->cpu = op->cpu;
	}
	return true;
}

static void drop(struct child *child)
{
	free(child->argv);
	if (child->env != default_env)
		free(child->env);
	if (child->in >= 0)
		close(child->in);
	if (child->out >= 0)
		close(child->out);
	if (child->err >= 0)
		close(child->err);
}

/* Reads what is there now. Beyond the limit it is dropped, so that the command does not block. */
static void take(struct output *output)
{
	uint8_t rest[4096];

	for (;;) {
		bool full = output->len == OUTPUT_MAX;
		ssize_t n = read(output->fd, full ? rest : output->data + output->len,
				 full ? sizeof(rest) : OUTPUT_MAX - output->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close(output->fd);
			output->fd = -1;
			return;
		}
		if (!full)
			output->len += n;
	}
}

static bool open_output(struct output *output, int *child_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return false;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	output->fd = ends[0];
	*child_end = ends[1];
	/* Untouched pages cost nothing. */
	output->data = malloc(OUTPUT_MAX);
	return output->data;
}

/* The outputs of a child that stays: pipes that output.c empties, or nothing. */
static bool open_spawned_outputs(bool told, struct child *child, int reading[2])
{
	int *writing[] = { &child->out, &child->err };

	for (int i = 0; i < 2; i++) {
		int ends[2] = { -1, -1 };

		if (!told) {
			ends[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
		} else if (!pipe2(ends, O_CLOEXEC)) {
			fcntl(ends[0], F_SETFL, O_NONBLOCK);
		}
		if (ends[1] < 0)
			return false;
		reading[i] = ends[0];
		*writing[i] = ends[1];
	}
	return true;
}

static void close_output(struct output *output)
{
	if (output->fd >= 0)
		close(output->fd);
	free(output->data);
}

static int open_pid(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

static void reply_exited(uint32_t id, int status, bool timed_out, const struct output *out, const struct output *err)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Exited) exited = KSPLAT__AGENT__EXITED__INIT;

	exited.status = status;
	exited.timed_out = timed_out;
	if (out) {
		exited.out.data = out->data;
		exited.out.len = out->len;
	}
	if (err) {
		exited.err.data = err->data;
		exited.err.len = err->len;
	}
	response.id = id;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_EXITED;
	response.exited = &exited;
	channel_send(&response);
}

/* Returns when the command ends, even if something that it started keeps its outputs open. */
void process_exec(uint32_t id, const PB(Exec) *op)
{
	struct child child = { .in = -1, .out = -1, .err = -1 };
	struct output out = { .fd = -1 }, err = { .fd = -1 };
	uint64_t deadline = op->timeout_ms ? now_ms() + op->timeout_ms : 0;
	bool timed_out = false;
	int pidfd = -1, status = 0;
	pid_t pid;

	if (!command(id, op, &child))
		return;
	if (!open_output(&out, &child.out) || !open_output(&err, &child.err)) {
		reply_failure(id, errno, "make the outputs of %s", op->argv[0]);
		goto out;
	}
	pid = start(&child);
	if (pid < 0) {
		reply_failure(id, -pid, "run %s", op->argv[0]);
		goto out;
	}
	close(child.out);
	close(child.err);
	child.out = -1;
	child.err = -1;
	pidfd = open_pid(pid);
	for (;;) {
		struct pollfd polled[] = {
			{ .fd = pidfd, .events = POLLIN },
			{ .fd = out.fd, .events = POLLIN },
			{ .fd = err.fd, .events = POLLIN },
		};
		int n = poll(polled, 3, time_left(deadline));

		if (n < 0 && errno != EINTR)
			die("wait for %s: %s", op->argv[0], strerror(errno));
		if (!n) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			timed_out = true;
			deadline = 0;
			continue;
		}
		if (out.fd >= 0)
			take(&out);
		if (err.fd >= 0)
			take(&err);
		if (polled[0].revents)
			break;
	}
	waitpid(pid, &status, 0);
	reply_exited(id, status, timed_out, &out, &err);
out:
	if (pidfd >= 0)
		close(pidfd);
	drop(&child);
	close_output(&out);
	close_output(&err);
}

/* Called by the reader thread, which never ends: see the top of this file. */
void process_spawn(uint32_t id, const PB(Spawn) *op)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Process) process = KSPLAT__AGENT__PROCESS__INIT;
	struct child child = { .in = -1, .out = -1, .err = -1, .pinned = op->has_cpu_case != 0, .cpu = op->cpu };
	int reading[2] = { -1, -1 };
	const char *what;
	pid_t pid;

	switch (op->what_case) {
	case KSPLAT__AGENT__SPAWN__WHAT_PARKED:
		child.kind = PARKED;
		what = "a parked child";
		break;
	case KSPLAT__AGENT__SPAWN__WHAT_CHURN:
		child.kind = CHURN;
		what = "a churning child";
		break;
	case KSPLAT__AGENT__SPAWN__WHAT_EXEC:
		if (op->exec->timeout_ms) {
			reply_failure(id, EINVAL, "spawn with a timeout: only Exec has one");
			return;
		}
		if (!command(id, op->exec, &child))
			return;
		what = op->exec->argv[0];
		break;
	default:
		reply_failure(id, EINVAL, "spawn nothing: say parked, churn or exec");
		return;
	}
	if (!open_spawned_outputs(op->name, &child, reading)) {
		reply_failure(id, errno, "make the outputs of %s", what);
		goto out;
	}
	pid = start(&child);
	if (pid < 0) {
		if (child.pinned)
			reply_failure(id, -pid, "spawn %s on CPU %u", what, child.cpu);
		else
			reply_failure(id, -pid, "spawn %s", what);
	} else {
		process.pid = pid;
		response.id = id;
		response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_PROCESS;
		response.process = &process;
		channel_send(&response);
		if (op->name) {
			output_watch(op->name, pid, reading[0], reading[1]);
			reading[0] = -1;
			reading[1] = -1;
		}
	}
out:
	for (int i = 0; i < 2; i++)
		if (reading[i] >= 0)
			close(reading[i]);
	drop(&child);
}

void process_reap(uint32_t id, const PB(Reap) *op)
{
	uint64_t deadline = op->timeout_ms ? now_ms() + op->timeout_ms : 0;
	siginfo_t info = { 0 };
	struct rusage taken;
	int status, n, pidfd;

	/* 0 and below name groups, and 1 is the agent. */
	if (op->pid <= 1) {
		reply_failure(id, EINVAL, "reap process %d", op->pid);
		return;
	}
	pidfd = open_pid(op->pid);
	if (pidfd < 0) {
		reply_failure(id, errno, "reap process %d", op->pid);
		return;
	}
	/* Only children of the agent: a signal must not reach any other process. */
	if (waitid(P_PIDFD, pidfd, &info, WEXITED | WNOHANG | WNOWAIT)) {
		reply_failure(id, errno, "reap process %d, which is no child of the agent", op->pid);
		goto out;
	}
	if (op->signal && syscall(SYS_pidfd_send_signal, pidfd, op->signal, NULL, 0)) {
		reply_failure(id, errno, "send signal %d to process %d", op->signal, op->pid);
		goto out;
	}
	do {
		struct pollfd polled = { .fd = pidfd, .events = POLLIN };

		n = poll(&polled, 1, time_left(deadline));
	} while (n < 0 && errno == EINTR);
	if (!n)
		reply_exited(id, 0, true, NULL, NULL);
	else if (wait4(op->pid, &status, 0, &taken) != op->pid)
		reply_failure(id, errno, "reap process %d", op->pid);
	else {
		output_reaped(op->pid, status, &taken);
		reply_exited(id, status, false, NULL, NULL);
	}
out:
	close(pidfd);
}

void process_pin(uint32_t id, const PB(Pin) *op)
{
	int error = op->pid > 1 ? pin_to_cpu(op->pid, op->cpu) : EINVAL;

	if (error)
		reply_failure(id, error, "pin process %d to CPU %u", op->pid, op->cpu);
	else
		reply_done(id);
}

void process_reap_orphans(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		sigwait(&set, &signal);
		while (waitpid(-1, NULL, WNOHANG | __WNOTHREAD) > 0)
			;
	}
}
