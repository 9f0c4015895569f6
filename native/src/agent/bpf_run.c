// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Runs a program, and reads what it printed. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent.h"

/* include/uapi/linux/bpf.h of 6.17 and later; the header that libbpf 1.1 comes with is older. */
#define STREAM_READ_BY_FD 37

struct stream_read_attr {
	uint64_t stream_buf;
	uint32_t stream_buf_len;
	uint32_t stream_id;
	uint32_t prog_fd;
} __attribute__((aligned(8)));

/*
 * What a run needs from an object. It is taken in the reader thread, so that a BpfUnload in the meantime does no
 * harm.
 */
struct test_run {
	int fd;
	enum bpf_prog_type type;
};

struct test_run *bpf_test_run_prepare(uint32_t id, const PB(BpfTestRun) *op)
{
	struct bpf_program *program = bpf_find_program(id, op->handle, op->program);
	struct test_run *run;

	if (!program)
		return NULL;
	run = malloc(sizeof(*run));
	if (!run)
		die("no memory for a test run: give the machine more");
	run->type = bpf_program__type(program);
	run->fd = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 3);
	if (run->fd < 0) {
		reply_failure(id, errno, "run program %s", op->program);
		free(run);
		return NULL;
	}
	return run;
}

/*
 * These refuse any output buffer. A syscall program writes into the context that was passed in (net/bpf/test_run.c).
 */
static bool has_context_out(enum bpf_prog_type type)
{
	switch (type) {
	case BPF_PROG_TYPE_SYSCALL:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
	case BPF_PROG_TYPE_TRACING:
		return false;
	default:
		return true;
	}
}

/*
 * A running program may keep the CPU from the thread that would start the next one. So all programs that race are
 * ready before any of them begins.
 */
static void meet(unsigned int party)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t complete = PTHREAD_COND_INITIALIZER;
	static unsigned int arrived, meetings;
	unsigned int meeting;

	pthread_mutex_lock(&lock);
	meeting = meetings;
	if (++arrived >= party) {
		arrived = 0;
		meetings++;
		pthread_cond_broadcast(&complete);
	}
	while (meeting == meetings)
		pthread_cond_wait(&complete, &lock);
	pthread_mutex_unlock(&lock);
}

/* Room for what a program may put before and after the packet (XDP's headroom and tail). */
#define DATA_SLACK 4096

void bpf_test_run(uint32_t id, const PB(BpfTestRun) *op, struct test_run *run)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(TestRunResult) result = KSPLAT__AGENT__TEST_RUN_RESULT__INIT;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .repeat = op->repeat, .flags = op->flags);
	uint8_t *context_out = NULL, *data_out = NULL;
	int error = op->has_cpu_case ? pin_to_cpu(0, op->cpu) : 0;

	if (error) {
		reply_failure(id, error, "pin the run of program %s to CPU %u", op->program, op->cpu);
		goto out;
	}
	if (op->context.len) {
		opts.ctx_in = op->context.data;
		opts.ctx_size_in = op->context.len;
		if (has_context_out(run->type)) {
			context_out = calloc(1, op->context.len);
			opts.ctx_out = context_out;
			opts.ctx_size_out = op->context.len;
		}
	}
	if (op->data.len) {
		data_out = calloc(1, op->data.len + DATA_SLACK);
		opts.data_in = op->data.data;
		opts.data_size_in = op->data.len;
		opts.data_out = data_out;
		opts.data_size_out = op->data.len + DATA_SLACK;
	}
	if (op->together)
		meet(op->together);
	error = bpf_prog_test_run_opts(run->fd, &opts);
	result.error = error ? -error : 0;
	result.retval = opts.retval;
	result.duration_ns = opts.duration;
	if (!error && op->context.len) {
		result.context.data = context_out ? context_out : op->context.data;
		result.context.len = context_out ? opts.ctx_size_out : op->context.len;
	}
	if (!error && data_out) {
		result.data.data = data_out;
		result.data.len = opts.data_size_out;
	}
	response.id = id;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_TEST_RUN_RESULT;
	response.test_run_result = &result;
	channel_send(&response);
out:
	free(context_out);
	free(data_out);
	close(run->fd);
	free(run);
}

ssize_t bpf_take_stream(int fd, uint32_t stream, uint8_t *text, size_t size)
{
	struct stream_read_attr attr = { .stream_id = stream, .prog_fd = fd };
	size_t len = 0;
	long n;

	do {
		attr.stream_buf = (uint64_t)(text + len);
		attr.stream_buf_len = size - len;
		n = syscall(SYS_bpf, STREAM_READ_BY_FD, &attr, sizeof(attr));
		if (n > 0)
			len += n;
	} while (n > 0 && len < size);
	return n < 0 && !len ? -errno : (ssize_t)len;
}

void bpf_stream_read(uint32_t id, const PB(StreamRead) *op)
{
	struct bpf_program *program = bpf_find_program(id, op->handle, op->program);
	uint8_t *text;
	ssize_t n;

	if (!program)
		return;
	if (op->stream != 1 && op->stream != 2) {
		reply_failure(id, EINVAL, "read stream %u: 1 is stdout, 2 is stderr", op->stream);
		return;
	}
	text = malloc(STREAM_BYTES);
	if (!text)
		die("no memory for a BPF stream: give the machine more");
	n = bpf_take_stream(bpf_program__fd(program), op->stream, text, STREAM_BYTES);
	if (n < 0)
		reply_failure(id, -n, "read stream %u of program %s%s", op->stream, op->program,
			      n == -EINVAL ? ": this kernel has no BPF streams (6.17 and later have them)" : "");
	else
		reply_bytes(id, text, n, false);
	free(text);
}
