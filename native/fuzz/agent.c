// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the agent reads from its host: frames in any pieces, the message in each, which operation that is; and what it answers. What
 * acts on a machine is left out: each such operation packs its message again, which reads all of it, and says that it is done.
 *
 * The first byte of an input says whether the rest is the stream as it is, or bodies of frames, each behind two bytes of its length:
 * so that most inputs have more than one whole frame.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include "agent/agent.h"
#include "pieces.h"

static ssize_t channel_read(int fd, void *to, size_t length)
{
	(void)fd;
	return read_pieces(to, length);
}

static ssize_t channel_write(int fd, const void *from, size_t length)
{
	(void)fd;
	return write_pieces(from, length);
}

/* An operation that may take for ever has a thread of its own. Here each must be over before the next one. */
static int run_now(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	(void)thread;
	(void)attr;
	run(arg);
	return 0;
}

#define read channel_read
#define write channel_write
#include "agent/channel.c"
#undef read
#undef write
#define pthread_create run_now
#include "agent/dispatch.c"
#undef pthread_create
#include "agent/reply.c"
#include "agent/reseed.c"

/* As --channel does, so that BPF is refused. */
bool test_mode = true;
bool own_machine;

static jmp_buf over;
enum { HUNG_UP = 1, DIED };

void die(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	longjmp(over, DIED);
}

void real_end(void)
{
	longjmp(over, HUNG_UP);
}

void real_heard(void)
{
}

void hello_send(uint32_t id)
{
	reply_done(id);
}

static void read_all(uint32_t id, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *packed = malloc(size + 1);

	MUST(packed && protobuf_c_message_pack(message, packed) == size);
	free(packed);
	reply_done(id);
}

#define LEFT_OUT(function, message)						\
	void function(uint32_t id, const PB(message) *op)			\
	{									\
		read_all(id, &op->base);					\
	}
LEFT_OUT(file_read, ReadFile)
LEFT_OUT(file_write, WriteFile)
LEFT_OUT(file_make_directory, MakeDirectory)
LEFT_OUT(file_remove, Remove)
LEFT_OUT(process_exec, Exec)
LEFT_OUT(process_spawn, Spawn)
LEFT_OUT(process_reap, Reap)
LEFT_OUT(process_pin, Pin)

/* Never called under --channel. */
#define REFUSED(function, message)						\
	void function(uint32_t id, const PB(message) *op)			\
	{									\
		(void)id;							\
		(void)op;							\
		MUST(false);							\
	}
#define REFUSED_IN_TIME(function, message, type)				\
	struct type *function##_prepare(uint32_t id, const PB(message) *op)	\
	{									\
		(void)id;							\
		(void)op;							\
		MUST(false);							\
	}									\
	void function(uint32_t id, const PB(message) *op, struct type *prepared)	\
	{									\
		(void)id;							\
		(void)op;							\
		(void)prepared;							\
		MUST(false);							\
	}
REFUSED(bpf_load, BpfLoad)
REFUSED(bpf_unload, BpfUnload)
REFUSED(bpf_attach, BpfAttach)
REFUSED(bpf_detach, BpfDetach)
REFUSED(bpf_calls, BpfCalls)
REFUSED(bpf_map_lookup, MapLookup)
REFUSED(bpf_map_update, MapUpdate)
REFUSED(bpf_map_delete, MapDelete)
REFUSED(bpf_map_keys, MapKeys)
REFUSED(bpf_map_get_batch, MapLookupBatch)
REFUSED(bpf_map_set_batch, MapUpdateBatch)
REFUSED(bpf_global_read, GlobalRead)
REFUSED(bpf_global_write, GlobalWrite)
REFUSED(bpf_stream_read, StreamRead)
REFUSED_IN_TIME(bpf_test_run, BpfTestRun, test_run)
REFUSED_IN_TIME(bpf_ring_read, RingRead, ring_read)
REFUSED_IN_TIME(bpf_trial, BpfTrial, trial)

static uint32_t number(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Reads the stream in the simplest way. Returns how many requests it has, and how it ends. */
static size_t expect(const uint8_t *at, size_t left, int *end)
{
	size_t requests = 0;

	for (*end = HUNG_UP; left >= 4; requests++) {
		uint32_t length = number(at);
		PB(Request) *request;

		if (length > FRAME_MAX) {
			*end = DIED;
			break;
		}
		if (length > left - 4)
			break;
		request = ksplat__agent__request__unpack(NULL, length, at + 4);
		if (!request) {
			*end = DIED;
			break;
		}
		ksplat__agent__request__free_unpacked(request, NULL);
		at += 4 + length;
		left -= 4 + length;
	}
	return requests;
}

static bool is_bpf(int op)
{
	return (size_t)op < sizeof(operations) / sizeof(operations[0]) && operations[op].bpf;
}

/* Each request has one answer, which is its own. */
static void check_answer(size_t from, uint32_t id, int op, const uint8_t *token, size_t token_length)
{
	PB(Response) *response;
	uint32_t length;

	MUST(given >= from + 4);
	length = number(pieces_out + from);
	MUST(given == from + 4 + length);
	response = ksplat__agent__response__unpack(NULL, length, pieces_out + from + 4);
	MUST(response && response->id == id && !response->more);
	switch (response->result_case) {
	case KSPLAT__AGENT__RESPONSE__RESULT_BYTES:
		MUST(op == OP(ECHO) && response->bytes->data.len == token_length);
		MUST(!token_length || !memcmp(response->bytes->data.data, token, token_length));
		break;
	case KSPLAT__AGENT__RESPONSE__RESULT_FAILURE:
		MUST(op == 0 || op == OP(RESEED) || is_bpf(op));
		break;
	default:
		MUST(response->result_case == KSPLAT__AGENT__RESPONSE__RESULT_DONE && op && op != OP(ECHO) && !is_bpf(op));
	}
	ksplat__agent__response__free_unpacked(response, NULL);
}

static void serve_one(void)
{
	PB(Request) *request = channel_receive();
	bool echoes = request->op_case == OP(ECHO);
	size_t token_length = echoes ? request->echo->token.len : 0, from = given;
	uint8_t *token = malloc(token_length + 1);
	uint32_t id = request->id;
	int op = request->op_case;

	MUST(token);
	if (token_length)
		memcpy(token, request->echo->token.data, token_length);
	dispatch(request);
	check_answer(from, id, op, token, token_length);
	free(token);
}

/* Makes the stream; the caller frees it. */
static uint8_t *stream_of(const uint8_t *data, size_t size, size_t *length)
{
	/* A frame is two bytes longer than what it is made of. */
	uint8_t *stream = malloc(2 * size + 4);

	MUST(stream);
	*length = 0;
	if (!size)
		return stream;
	if (data[0] % 2) {
		*length = size - 1;
		memcpy(stream, data + 1, *length);
		return stream;
	}
	for (size_t at = 1; at + 2 <= size;) {
		size_t body = data[at] | data[at + 1] << 8;

		at += 2;
		if (body > size - at)
			body = size - at;
		memcpy(stream + *length, (uint8_t[]){ body, body >> 8, 0, 0 }, 4);
		memcpy(stream + *length + 4, data + at, body);
		*length += 4 + body;
		at += body;
	}
	return stream;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Kept over the longjmp(). */
	static size_t served;
	int expected_end, end;
	size_t length, expected;
	uint8_t *stream = stream_of(data, size, &length);

	expected = expect(stream, length, &expected_end);
	begin_pieces(size, stream, length);
	served = 0;
	end = setjmp(over);
	if (!end) {
		for (;; served++)
			serve_one();
	}
	MUST(end == expected_end && served == expected);
	free(stream);
	return 0;
}
