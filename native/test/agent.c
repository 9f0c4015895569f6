// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ksplat-agent --channel over a socketpair: framing, dispatch, files, processes, and what it refuses. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "../test/check.h"

#define PB(message) Ksplat__Agent__##message
#define OP(name) KSPLAT__AGENT__REQUEST__OP_##name
#define RESULT(name) KSPLAT__AGENT__RESPONSE__RESULT_##name
#define DEADLINE_S 20

static char program[512];
static int channel = -1;
static pid_t agent;

static void start_agent(void)
{
	const struct timeval deadline = { DEADLINE_S, 0 };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		abort();
	agent = fork();
	if (!agent) {
		int null = open("/dev/null", O_WRONLY);

		dup2(ends[1], 3);
		if (ends[0] != 3)
			close(ends[0]);
		/*
		 * A dying agent's one line is expected here. A sanitizer's report is not, and gives another exit
		 * status.
		 */
		dup2(null, STDERR_FILENO);
		execl(program, program, "--channel", "3", (char *)NULL);
		_exit(126);
	}
	close(ends[1]);
	channel = ends[0];
	fcntl(channel, F_SETFD, FD_CLOEXEC);
	setsockopt(channel, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
}

static int end_agent(void)
{
	int status = -1;

	close(channel);
	waitpid(agent, &status, 0);
	return status;
}

static bool receive_bytes(uint8_t *to, size_t len)
{
	while (len) {
		ssize_t n = read(channel, to, len);

		if (n <= 0)
			return false;
		to += n;
		len -= n;
	}
	return true;
}

static PB(Response) *receive(void)
{
	PB(Response) *response;
	uint8_t head[4], *frame;
	uint32_t len;

	if (!receive_bytes(head, 4))
		return NULL;
	len = head[0] | head[1] << 8 | head[2] << 16 | (uint32_t)head[3] << 24;
	frame = malloc(len + 1);
	if (!receive_bytes(frame, len)) {
		free(frame);
		return NULL;
	}
	response = ksplat__agent__response__unpack(NULL, len, frame);
	free(frame);
	return response;
}

static void send_bytes(const void *bytes, size_t len)
{
	/* If the agent is dead, its response will be missing. */
	while (len) {
		ssize_t n = send(channel, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes = (const uint8_t *)bytes + n;
		len -= n;
	}
}

static uint32_t send_request(PB(Request) *request)
{
	static uint32_t last;
	size_t len;
	uint8_t *frame;

	request->id = ++last;
	len = ksplat__agent__request__get_packed_size(request);
	frame = malloc(len + 4);
	frame[0] = len;
	frame[1] = len >> 8;
	frame[2] = len >> 16;
	frame[3] = len >> 24;
	ksplat__agent__request__pack(request, frame + 4);
	send_bytes(frame, len + 4);
	free(frame);
	return last;
}

/* Never returns NULL: if the agent is gone, the test ends. */
static PB(Response) *next(void)
{
	PB(Response) *response = receive();

	if (!response) {
		CHECK(false, "the agent said no more");
		summary();
		exit(1);
	}
	return response;
}

#define DROP(response) ksplat__agent__response__free_unpacked(response, NULL)

/* Sends one request with that operation and returns the response. */
#define CALL(member, op_case_, op_) ({						\
	PB(Request) request_ = KSPLAT__AGENT__REQUEST__INIT;			\
	PB(Response) *response_;						\
	uint32_t id_;								\
										\
	request_.op_case = OP(op_case_);					\
	request_.member = (op_);						\
	id_ = send_request(&request_);						\
	response_ = next();							\
	CHECK(response_->id == id_, "answer %u to request %u", response_->id, id_);	\
	response_;								\
})

static int failure_of(PB(Response) *response)
{
	int error = response->result_case == RESULT(FAILURE) ? response->failure->error : -1;

	DROP(response);
	return error;
}

static bool is_done(PB(Response) *response)
{
	bool done = response->result_case == RESULT(DONE);

	DROP(response);
	return done;
}

static void hello_comes_first(void)
{
	PB(Response) *r = next();

	CHECK(r->id == 0 && r->result_case == RESULT(HELLO), "case %d", r->result_case);
	CHECK(r->hello->cpus == (uint32_t)sysconf(_SC_NPROCESSORS_ONLN), "%u CPUs", r->hello->cpus);
	CHECK(strlen(r->hello->agent) == 40, "digest %s", r->hello->agent);
	/* 1.7 when this was written; Debian 12 has 1.1. */
	CHECK(strverscmp(r->hello->libbpf, "1.7") >= 0, "libbpf %s", r->hello->libbpf);
	CHECK(r->hello->release[0], "no release");
	DROP(r);
}

static void echo_gives_the_token_back(void)
{
	uint8_t token[] = { 0, 255, 7 };
	PB(Echo) echo = KSPLAT__AGENT__ECHO__INIT;
	PB(Response) *r;

	echo.token.data = token;
	echo.token.len = sizeof(token);
	r = CALL(echo, ECHO, &echo);
	CHECK(r->bytes->data.len == 3 && !memcmp(r->bytes->data.data, token, 3), "another token");
	DROP(r);
}

/* A frame in pieces of one byte, and two frames at once, are the same to the agent. */
static void framing_does_not_depend_on_pieces(void)
{
	/* id 123, say_hello {}: field 23, length-delimited, empty */
	const uint8_t hello[] = { 5, 0, 0, 0, 0x08, 0x7b, 0xba, 0x01, 0x00 };
	uint8_t two[sizeof(hello) * 2];
	PB(Response) *r;

	for (size_t i = 0; i < sizeof(hello); i++) {
		send_bytes(hello + i, 1);
		usleep(500);
	}
	r = next();
	CHECK(r->id == 123 && r->result_case == RESULT(HELLO), "case %d", r->result_case);
	DROP(r);
	memcpy(two, hello, sizeof(hello));
	memcpy(two + sizeof(hello), hello, sizeof(hello));
	send_bytes(two, sizeof(two));
	for (int i = 0; i < 2; i++) {
		r = next();
		CHECK(r->id == 123, "id %u", r->id);
		DROP(r);
	}
}

static void write_file(const char *path, uint8_t *data, size_t len, bool append)
{
	PB(WriteFile) op = KSPLAT__AGENT__WRITE_FILE__INIT;

	op.path = (char *)path;
	op.data.data = data;
	op.data.len = len;
	op.append = append;
	CHECK(is_done(CALL(write_file, WRITE_FILE, &op)), "write %s", path);
}

/* Returns the whole of what ReadFile returns, and the number of its pieces. */
static uint8_t *read_file(const char *path, uint64_t offset, uint64_t length, size_t *len, int *pieces)
{
	PB(ReadFile) op = KSPLAT__AGENT__READ_FILE__INIT;
	uint8_t *all = malloc(4 << 20);
	PB(Response) *r;
	bool more;

	op.path = (char *)path;
	op.offset = offset;
	op.length = length;
	*len = 0;
	*pieces = 0;
	r = CALL(read_file, READ_FILE, &op);
	for (;;) {
		if (r->result_case != RESULT(BYTES)) {
			CHECK(false, "read %s: case %d", path, r->result_case);
			DROP(r);
			return all;
		}
		if (r->bytes->data.len)
			memcpy(all + *len, r->bytes->data.data, r->bytes->data.len);
		*len += r->bytes->data.len;
		(*pieces)++;
		more = r->more;
		DROP(r);
		if (!more)
			return all;
		r = next();
	}
}

static void files_go_in_and_out(void)
{
	char dir[] = "/tmp/agent-test-XXXXXX", path[64];
	const size_t size = (1 << 20) + 4321;
	uint8_t *sent = malloc(size), *got;
	PB(MakeDirectory) make = KSPLAT__AGENT__MAKE_DIRECTORY__INIT;
	PB(Remove) gone = KSPLAT__AGENT__REMOVE__INIT;
	PB(ReadFile) read = KSPLAT__AGENT__READ_FILE__INIT;
	size_t len;
	int pieces;

	if (!mkdtemp(dir))
		abort();
	for (size_t i = 0; i < size; i++)
		sent[i] = i * 7919 >> 3;
	snprintf(path, sizeof(path), "%s/sub", dir);
	make.path = path;
	CHECK(is_done(CALL(make_directory, MAKE_DIRECTORY, &make)), "make %s", path);
	CHECK(failure_of(CALL(make_directory, MAKE_DIRECTORY, &make)) == EEXIST, "made %s twice", path);
	gone.path = path;
	CHECK(is_done(CALL(remove, REMOVE, &gone)), "remove %s", path);

	snprintf(path, sizeof(path), "%s/file", dir);
	write_file(path, sent, size, false);
	got = read_file(path, 0, 0, &len, &pieces);
	CHECK(len == size && !memcmp(got, sent, size), "%zu of %zu bytes", len, size);
	CHECK(pieces > 1, "%d pieces", pieces);
	free(got);
	got = read_file(path, 1000, 600000, &len, &pieces);
	CHECK(len == 600000 && !memcmp(got, sent + 1000, len), "%zu bytes", len);
	free(got);
	write_file(path, sent, 10, false);
	write_file(path, sent, 5, true);
	got = read_file(path, 0, 0, &len, &pieces);
	CHECK(len == 15, "%zu bytes", len);
	free(got);
	got = read_file("/proc/self/status", 0, 0, &len, &pieces);
	CHECK(len > 100 && memmem(got, len, "ksplat-agent", 12), "%zu bytes of status", len);
	free(got);

	CHECK(is_done(CALL(remove, REMOVE, &gone)), "remove %s", path);
	CHECK(failure_of(CALL(remove, REMOVE, &gone)) == ENOENT, "removed %s twice", path);
	read.path = path;
	CHECK(failure_of(CALL(read_file, READ_FILE, &read)) == ENOENT, "read %s", path);
	read.path = (char *)"/proc/self/status";
	read.offset = UINT64_MAX;
	CHECK(failure_of(CALL(read_file, READ_FILE, &read)) == EINVAL, "an absurd offset");
	read.path = (char *)"";
	CHECK(failure_of(CALL(read_file, READ_FILE, &read)) == ENOENT, "a file without a name");
	rmdir(dir);
	free(sent);
}

static PB(Response) *shell(const char *script, const char *input, uint32_t timeout_ms)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)script };
	PB(Exec) op = KSPLAT__AGENT__EXEC__INIT;

	op.argv = argv;
	op.n_argv = 3;
	op.timeout_ms = timeout_ms;
	op.stdin.data = (uint8_t *)input;
	op.stdin.len = strlen(input);
	return CALL(exec, EXEC, &op);
}

static bool is(const ProtobufCBinaryData *bytes, const char *text)
{
	return bytes->len == strlen(text) && !memcmp(bytes->data, text, bytes->len);
}

static char state_of(int pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	return state;
}

static bool becomes(int pid, char state)
{
	for (int i = 0; i < 2500; i++) {
		if (state_of(pid) == state)
			return true;
		usleep(2000);
	}
	return false;
}

static void commands_run_to_their_end(void)
{
	PB(Exec) op = KSPLAT__AGENT__EXEC__INIT;
	char text[32] = "";
	PB(Response) *r = shell("cat; echo bad >&2; exit 3", "hi", 0);

	CHECK(WIFEXITED(r->exited->status) && WEXITSTATUS(r->exited->status) == 3, "status %x", r->exited->status);
	CHECK(is(&r->exited->out, "hi") && is(&r->exited->err, "bad\n"), "other outputs");
	DROP(r);
	r = shell("kill -9 $$", "", 0);
	CHECK(WIFSIGNALED(r->exited->status) && WTERMSIG(r->exited->status) == 9, "status %x", r->exited->status);
	DROP(r);
	r = shell("head -c 3000000 /dev/zero", "", 0);
	CHECK(r->exited->out.len == 1 << 20 && r->exited->status == 0, "%zu bytes", r->exited->out.len);
	DROP(r);
	r = shell("sleep 15 & echo left; exit 0", "", 10000);
	CHECK(!r->exited->timed_out && is(&r->exited->out, "left\n"), "held up by what it left behind");
	DROP(r);
	r = shell("echo first; sleep 1000", "", 300);
	CHECK(r->exited->timed_out && WIFSIGNALED(r->exited->status), "status %x", r->exited->status);
	CHECK(is(&r->exited->out, "first\n"), "its output was lost");
	DROP(r);
	r = shell("sleep 1000 & echo $!; wait", "", 300);
	memcpy(text, r->exited->out.data, r->exited->out.len < 31 ? r->exited->out.len : 31);
	DROP(r);
	CHECK(atoi(text) > 1 && becomes(atoi(text), 0), "what a timed out command started lives");
	CHECK(failure_of(CALL(exec, EXEC, &op)) == EINVAL, "ran nothing");
	{
		char *argv[] = { (char *)"/no/such/program" };

		op.argv = argv;
		op.n_argv = 1;
		CHECK(failure_of(CALL(exec, EXEC, &op)) == ENOENT, "ran %s", argv[0]);
	}
}

static void commands_run_where_and_as_whom_they_are_told(void)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"pwd; id -u; id -g; id -G" };
	PB(Exec) op = KSPLAT__AGENT__EXEC__INIT;
	PB(Response) *r;

	op.argv = argv;
	op.n_argv = 3;
	op.directory = (char *)"/proc";
	r = CALL(exec, EXEC, &op);
	CHECK(r->exited->out.len > 6 && !memcmp(r->exited->out.data, "/proc\n", 6), "another directory");
	DROP(r);
	op.directory = (char *)"/no/such/directory";
	CHECK(failure_of(CALL(exec, EXEC, &op)) == ENOENT, "ran in %s", op.directory);
	/* The rest is for those who may become somebody else. */
	if (geteuid())
		return;
	op.directory = (char *)"/";
	op.has_user_case = KSPLAT__AGENT__EXEC__HAS_USER_USER;
	op.has_group_case = KSPLAT__AGENT__EXEC__HAS_GROUP_GROUP;
	op.user = 65534;
	op.group = 12345;
	r = CALL(exec, EXEC, &op);
	CHECK(is(&r->exited->out, "/\n65534\n12345\n12345\n"), "%.*s", (int)r->exited->out.len, r->exited->out.data);
	DROP(r);
	op.root = (char *)"/proc/self/fd";
	CHECK(failure_of(CALL(exec, EXEC, &op)) == ENOENT, "ran in another root");
}

static void others_are_served_meanwhile(void)
{
	char *argv[] = { (char *)"sleep", (char *)"0.3" };
	PB(Request) request = KSPLAT__AGENT__REQUEST__INIT;
	PB(Exec) op = KSPLAT__AGENT__EXEC__INIT;
	PB(Response) *r;
	uint32_t slow;

	op.argv = argv;
	op.n_argv = 2;
	request.op_case = OP(EXEC);
	request.exec = &op;
	slow = send_request(&request);
	echo_gives_the_token_back();
	r = next();
	CHECK(r->id == slow && r->result_case == RESULT(EXITED) && r->exited->status == 0, "id %u", r->id);
	DROP(r);
}

static int spawn_named(uint32_t name, PB(Spawn__WhatCase) what, PB(Exec) *exec, int cpu)
{
	PB(Done) nothing = KSPLAT__AGENT__DONE__INIT;
	PB(Spawn) op = KSPLAT__AGENT__SPAWN__INIT;
	PB(Response) *r;
	int pid;

	op.what_case = what;
	op.name = name;
	if (what == KSPLAT__AGENT__SPAWN__WHAT_EXEC)
		op.exec = exec;
	else
		op.parked = &nothing;
	if (cpu >= 0) {
		op.has_cpu_case = KSPLAT__AGENT__SPAWN__HAS_CPU_CPU;
		op.cpu = cpu;
	}
	r = CALL(spawn, SPAWN, &op);
	pid = r->result_case == RESULT(PROCESS) ? r->process->pid :
	      r->result_case == RESULT(FAILURE) ? -r->failure->error : 0;
	DROP(r);
	return pid;
}

static int spawn(PB(Spawn__WhatCase) what, PB(Exec) *exec, int cpu)
{
	return spawn_named(0, what, exec, cpu);
}

static PB(Response) *reap(int pid, int signal, uint32_t timeout_ms)
{
	PB(Reap) op = KSPLAT__AGENT__REAP__INIT;

	op.pid = pid;
	op.signal = signal;
	op.timeout_ms = timeout_ms;
	return CALL(reap, REAP, &op);
}

static int open_files(int pid)
{
	char command[128];
	int n = -1;
	FILE *pipe;

	snprintf(command, sizeof(command), "ls /proc/%d/fd | wc -l", pid);
	pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%d", &n) != 1)
		n = -1;
	if (pipe)
		pclose(pipe);
	return n;
}

static void children_stay_until_they_are_reaped(void)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"exit 5" };
	PB(Exec) exec = KSPLAT__AGENT__EXEC__INIT;
	PB(Response) *r;
	cpu_set_t set;
	int pid;

	pid = spawn(KSPLAT__AGENT__SPAWN__WHAT_PARKED, NULL, 0);
	CHECK(pid > 1, "pid %d", pid);
	CHECK(becomes(pid, 'S'), "a parked child does not sleep");
	CHECK(open_files(pid) == 3, "%d open files, which keep maps alive", open_files(pid));
	sched_getaffinity(pid, sizeof(set), &set);
	CHECK(CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set), "not pinned");
	r = reap(pid, 0, 50);
	CHECK(r->result_case == RESULT(EXITED) && r->exited->timed_out, "case %d", r->result_case);
	DROP(r);
	kill(pid, SIGKILL);
	CHECK(becomes(pid, 'Z'), "a dead child did not wait for its Reap");
	usleep(50000);
	CHECK(state_of(pid) == 'Z', "a dead child did not wait for its Reap");
	r = reap(pid, 0, 0);
	CHECK(r->result_case == RESULT(EXITED) && r->exited->status == SIGKILL, "case %d", r->result_case);
	DROP(r);
	CHECK(state_of(pid) == 0, "still there");
	CHECK(failure_of(reap(pid, 0, 0)) == ESRCH, "reaped twice");
	CHECK(failure_of(reap(getpid(), 9, 0)) == ECHILD, "reaped a stranger");
	CHECK(failure_of(reap(-1, 9, 0)) == EINVAL, "reaped everybody");
	CHECK(failure_of(reap(0, 9, 0)) == EINVAL, "reaped a group");

	pid = spawn(KSPLAT__AGENT__SPAWN__WHAT_CHURN, NULL, -1);
	CHECK(pid > 1, "pid %d", pid);
	r = reap(pid, SIGTERM, 0);
	CHECK(r->result_case == RESULT(EXITED) && r->exited->status == SIGTERM, "case %d", r->result_case);
	DROP(r);
	{
		char left[64];

		snprintf(left, sizeof(left), "/tmp/ksplat-churn.%d", pid);
		unlink(left);
	}

	exec.argv = argv;
	exec.n_argv = 3;
	pid = spawn(KSPLAT__AGENT__SPAWN__WHAT_EXEC, &exec, -1);
	r = reap(pid, 0, 0);
	CHECK(r->result_case == RESULT(EXITED) && WEXITSTATUS(r->exited->status) == 5, "case %d", r->result_case);
	DROP(r);
	CHECK(spawn(KSPLAT__AGENT__SPAWN__WHAT_PARKED, NULL, 5000) == -EINVAL, "pinned to CPU 5000");
	CHECK(spawn(KSPLAT__AGENT__SPAWN__WHAT_PARKED, NULL, 1000) == -EINVAL, "pinned to CPU 1000");
	CHECK(spawn(KSPLAT__AGENT__SPAWN__WHAT__NOT_SET, NULL, -1) == -EINVAL, "spawned nothing");
}

static int spawn_shell(uint32_t name, const char *script)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)script };
	PB(Exec) exec = KSPLAT__AGENT__EXEC__INIT;

	exec.argv = argv;
	exec.n_argv = 3;
	return spawn_named(name, KSPLAT__AGENT__SPAWN__WHAT_EXEC, &exec, -1);
}

/* What the agent tells unasked of a child, up to its end. */
struct told {
	size_t len[2];
	bool cut[2];
	char first[2][16];
	int status;
	unsigned long cpu_us, rss_kib;
};

static struct told listen_to(uint32_t name)
{
	struct told told = { .status = -1 };

	for (;;) {
		PB(Response) *r = next();
		bool is_end = r->result_case == RESULT(ENDED);

		CHECK(r->id == 0, "id %u", r->id);
		if (is_end) {
			CHECK(r->ended->process == name, "the end of %u", r->ended->process);
			told.status = r->ended->status;
			told.cpu_us = r->ended->usage->user_us + r->ended->usage->system_us;
			told.rss_kib = r->ended->usage->max_rss_kib;
		} else {
			int i = r->output->stream - 1;
			ProtobufCBinaryData *data = &r->output->data;

			CHECK(r->output->process == name, "words of %u", r->output->process);
			CHECK(data->len && data->len <= 16384, "%zu bytes at once", data->len);
			CHECK(!told.cut[i], "more after the cut");
			if (!told.len[i])
				memcpy(told.first[i], data->data, data->len < 15 ? data->len : 15);
			told.len[i] += data->len;
			told.cut[i] = r->output->cut;
		}
		DROP(r);
		if (is_end)
			return told;
	}
}

static void what_children_print_and_how_they_end_is_told_unasked(void)
{
	struct told told;
	PB(Response) *r;
	int pid;

	pid = spawn_shell(7, "echo said; echo complained >&2; exit 3");
	told = listen_to(7);
	CHECK(!strcmp(told.first[0], "said\n") && told.len[0] == 5, "stdout: %s", told.first[0]);
	CHECK(!strcmp(told.first[1], "complained\n") && told.len[1] == 11, "stderr: %s", told.first[1]);
	CHECK(WIFEXITED(told.status) && WEXITSTATUS(told.status) == 3, "status %x", told.status);
	CHECK(told.cpu_us && told.rss_kib > 100, "it took %lu us and %lu KiB", told.cpu_us, told.rss_kib);
	CHECK(state_of(pid) == 'Z', "it did not wait for its Reap");
	r = reap(pid, 0, 0);
	CHECK(r->result_case == RESULT(EXITED) && r->exited->status == told.status, "reaped: %d", r->result_case);
	DROP(r);

	pid = spawn_shell(8, "kill -SEGV $$");
	told = listen_to(8);
	CHECK(WIFSIGNALED(told.status) && WTERMSIG(told.status) == SIGSEGV, "status %x", told.status);
	CHECK(!told.len[0] && !told.len[1], "it spoke");
	DROP(reap(pid, 0, 0));

	/* The end of a parent is told at once, and a child of its own may go on speaking. */
	pid = spawn_shell(9, "(sleep 0.3; echo late) & exit 0");
	told = listen_to(9);
	CHECK(!told.status && !told.len[0], "status %x", told.status);
	r = next();
	CHECK(r->result_case == RESULT(OUTPUT) && r->output->process == 9, "case %d", r->result_case);
	DROP(r);
	DROP(reap(pid, 0, 0));

	CHECK(spawn_named(10, KSPLAT__AGENT__SPAWN__WHAT_PARKED, NULL, 5000) == -EINVAL, "pinned to CPU 5000");
	echo_gives_the_token_back();
}

/* A child that is reaped by a signal: its end is told once, however soon the Reap sees it. */
static void an_end_is_told_once(void)
{
	int ends = 0;

	for (uint32_t i = 0; i < 50; i++) {
		PB(Reap) op = KSPLAT__AGENT__REAP__INIT;
		PB(Request) request = KSPLAT__AGENT__REQUEST__INIT;
		bool reaped = false;
		int before = ends;

		op.pid = spawn_named(100 + i, KSPLAT__AGENT__SPAWN__WHAT_PARKED, NULL, -1);
		op.signal = SIGKILL;
		request.op_case = OP(REAP);
		request.reap = &op;
		send_request(&request);
		while (!reaped || ends == before) {
			PB(Response) *r = next();

			reaped |= r->result_case == RESULT(EXITED);
			if (r->result_case == RESULT(ENDED)) {
				ends++;
				CHECK(r->ended->process == 100 + i, "the end of %u", r->ended->process);
				CHECK(r->ended->status == SIGKILL, "status %x", r->ended->status);
			}
			DROP(r);
		}
	}
	echo_gives_the_token_back();
	CHECK(ends == 50, "%d ends of 50 children", ends);
}

static void a_flood_is_cut_and_blocks_nobody(void)
{
	struct told told;
	int pid = spawn_shell(11, "head -c 104857600 /dev/zero; echo over >&2");

	told = listen_to(11);
	CHECK(told.cut[0] && told.len[0] == 8u << 20, "%zu bytes", told.len[0]);
	CHECK(!told.cut[1] && !strcmp(told.first[1], "over\n"), "stderr: %s", told.first[1]);
	CHECK(!told.status, "status %x", told.status);
	DROP(reap(pid, 0, 0));
}

static void orphans_are_reaped(void)
{
	PB(Response) *r = shell("sh -c 'sleep 0.2 & echo $!'", "", 5000);
	char text[32] = "";
	int pid;

	memcpy(text, r->exited->out.data, r->exited->out.len < 31 ? r->exited->out.len : 31);
	DROP(r);
	pid = atoi(text);
	CHECK(pid > 1 && becomes(pid, 0), "orphan %d stays as '%c'", pid, state_of(pid));
}

static void bpf_is_refused_here(void)
{
	PB(Request) request = KSPLAT__AGENT__REQUEST__INIT;
	PB(BpfLoad) load = KSPLAT__AGENT__BPF_LOAD__INIT;
	PB(StreamRead) stream = KSPLAT__AGENT__STREAM_READ__INIT;
	PB(BpfTestRun) run = KSPLAT__AGENT__BPF_TEST_RUN__INIT;
	PB(MapLookupBatch) get = KSPLAT__AGENT__MAP_LOOKUP_BATCH__INIT;
	PB(MapUpdateBatch) set = KSPLAT__AGENT__MAP_UPDATE_BATCH__INIT;
	PB(RingRead) ring = KSPLAT__AGENT__RING_READ__INIT;
	PB(Reseed) reseed = KSPLAT__AGENT__RESEED__INIT;

	CHECK(failure_of(CALL(reseed, RESEED, &reseed)) == EPERM, "reseeded the host");
	CHECK(failure_of(CALL(bpf_load, BPF_LOAD, &load)) == EPERM, "loaded BPF into the host");
	CHECK(failure_of(CALL(bpf_test_run, BPF_TEST_RUN, &run)) == EPERM, "ran BPF in the host");
	CHECK(failure_of(CALL(stream_read, STREAM_READ, &stream)) == EPERM, "read a stream of the host");
	CHECK(failure_of(CALL(map_lookup_batch, MAP_LOOKUP_BATCH, &get)) == EPERM, "read a map of the host");
	CHECK(failure_of(CALL(map_update_batch, MAP_UPDATE_BATCH, &set)) == EPERM, "wrote a map of the host");
	CHECK(failure_of(CALL(ring_read, RING_READ, &ring)) == EPERM, "read a ring buffer of the host");
	send_request(&request);
	CHECK(failure_of(next()) == EOPNOTSUPP, "a request without an operation");
}

static bool is_refused_here(const char *operation)
{
	static const char *const prefixes[] = { "bpf_", "map_", "global_", "stream_", "ring_", "reseed" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(operation, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* An empty message of each operation in the protocol: a new one that dispatch() does not know fails here. */
static void every_operation_is_served(void)
{
	const ProtobufCMessageDescriptor *requests = &ksplat__agent__request__descriptor;

	for (unsigned int i = 0; i < requests->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &requests->fields[i];
		uint8_t frame[16] = { 0, 0, 0, 0, 0x08, 0x7b };
		uint32_t tag = field->id << 3 | 2;
		size_t n = 6;
		PB(Response) *r;
		int error;

		if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
			continue;
		for (; tag > 0x7f; tag >>= 7)
			frame[n++] = tag | 0x80;
		frame[n++] = tag;
		frame[n++] = 0;
		frame[0] = n - 4;
		send_bytes(frame, n);
		r = next();
		CHECK(r->id == 123, "answer %u to %s", r->id, field->name);
		error = failure_of(r);
		CHECK(error != EOPNOTSUPP, "the agent does not know %s", field->name);
		CHECK((error == EPERM) == is_refused_here(field->name), "%s: error %d", field->name, error);
	}
}

static void malformed(const char *what, const void *bytes, size_t len, int expected)
{
	PB(Response) *r;
	int status;

	start_agent();
	r = next();
	DROP(r);
	send_bytes(bytes, len);
	shutdown(channel, SHUT_WR);
	while ((r = receive()))
		DROP(r);
	status = end_agent();
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == expected, "%s: status %x", what, status);
}

static void malformed_frames_end_it(void)
{
	malformed("an absurd length", "\xff\xff\xff\xff", 4, 1);
	malformed("one byte over the limit", "\x01\x00\x00\x04", 4, 1);
	malformed("no Request", "\x03\x00\x00\x00\xff\xff\xff", 7, 1);
	malformed("half a length", "\x03\x00", 2, 0);
	malformed("half a frame", "\x09\x00\x00\x00\x08", 5, 0);
	malformed("nothing", "", 0, 0);
}

/*
 * Frames of the right length with random or slightly wrong contents: each gets a response or a clean end. None of
 * them can touch this machine by chance: all names are this test's own.
 */
static void random_frames_never_crash_it(void)
{
	/* Echo, MapLookup, GlobalRead, Reap, Pin, StreamRead, BpfLoad, SayHello. */
	static const uint8_t fields[] = { 2, 16, 20, 9, 10, 22, 11, 23 };
	unsigned int seed = 1;
	int crashed = 0;

	for (int round = 0; round < 300; round++) {
		uint8_t frame[64] = { 0 };
		size_t n = 4, body;
		PB(Response) *r;
		int status;

		start_agent();
		r = next();
		DROP(r);
		frame[n++] = 0x08;
		frame[n++] = 1;
		if (round % 3) {
			unsigned int tag = fields[rand_r(&seed) % sizeof(fields)] << 3 | 2;

			if (tag > 127) {
				frame[n++] = tag | 0x80;
				frame[n++] = tag >> 7;
			} else {
				frame[n++] = tag;
			}
			body = rand_r(&seed) % 24;
			frame[n++] = body;
		} else {
			body = rand_r(&seed) % 40;
		}
		for (size_t i = 0; i < body; i++) {
			/* Wire types 0 and 2 on low field numbers make it past the parser often. A pid stays small: 1 and below. */
			frame[n++] = i & 1 ? rand_r(&seed) & 1 : (rand_r(&seed) % 4 + 1) << 3 | (rand_r(&seed) & 2);
		}
		frame[0] = n - 4;
		send_bytes(frame, n);
		shutdown(channel, SHUT_WR);
		while ((r = receive()))
			DROP(r);
		status = end_agent();
		if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
			crashed++;
	}
	CHECK(!crashed, "%d of 300 frames crashed the agent", crashed);
}

int main(int argc, char **argv)
{
	int status;

	snprintf(program, sizeof(program), "%s/ksplat-agent", argc > 1 ? argv[1] : "build");
	start_agent();
	hello_comes_first();
	echo_gives_the_token_back();
	framing_does_not_depend_on_pieces();
	files_go_in_and_out();
	commands_run_to_their_end();
	commands_run_where_and_as_whom_they_are_told();
	others_are_served_meanwhile();
	children_stay_until_they_are_reaped();
	what_children_print_and_how_they_end_is_told_unasked();
	an_end_is_told_once();
	a_flood_is_cut_and_blocks_nobody();
	orphans_are_reaped();
	bpf_is_refused_here();
	every_operation_is_served();
	status = end_agent();
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "status %x", status);
	malformed_frames_end_it();
	random_frames_never_crash_it();
	return summary();
}
