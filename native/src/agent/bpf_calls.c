// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the verifier says of calls. It decides whether a program may make one before it looks at what is passed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "agent.h"

/* The verifier refuses a program whose log does not fit. */
#define LOG_BYTES (64u << 10)
/* What it says of the first instruction. */
#define ANSWER_BYTES 512
#define CALLS_MAX 4096

/* Returns 0, or a negative errno with the verifier's log. */
static int ask(uint32_t function, uint64_t call, char *log)
{
	const struct bpf_insn exit_zero[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_insn insns[3];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY, .attach_btf_id = function,
		    .log_level = 1, .log_buf = log, .log_size = LOG_BYTES);
	int fd;

	memcpy(&insns[0], &call, sizeof(call));
	memcpy(&insns[1], exit_zero, sizeof(exit_zero));
	log[0] = 0;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", insns, 3, &opts);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

void bpf_calls(uint32_t id, const PB(BpfCalls) *op)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(CallAnswers) told = KSPLAT__AGENT__CALL_ANSWERS__INIT;
	char (*texts)[ANSWER_BYTES] = calloc(op->n_calls + 1, sizeof(*texts));
	char **answers = calloc(op->n_calls + 1, sizeof(*answers));
	char *log = malloc(LOG_BYTES);

	if (op->n_calls > CALLS_MAX || !texts || !answers || !log) {
		reply_failure(id, ENOMEM, "ask about %zu calls", op->n_calls);
		goto out;
	}
	for (size_t i = 0; i < op->n_calls; i++) {
		int error = ask(op->function, op->calls[i], log);

		answers[i] = texts[i];
		if (error)
			snprintf(texts[i], ANSWER_BYTES, "%s", log[0] ? log : strerror(-error));
		only_ascii(texts[i]);
	}
	told.answers = answers;
	told.n_answers = op->n_calls;
	response.id = id;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_CALL_ANSWERS;
	response.call_answers = &told;
	channel_send(&response);
out:
	free(log);
	free(answers);
	free(texts);
}
