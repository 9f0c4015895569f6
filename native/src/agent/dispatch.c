// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which function serves a request, and in which thread. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

#define OP(name) KSPLAT__AGENT__REQUEST__OP_##name

struct operation {
	/* Refused under --channel. */
	bool bpf;
	/* May take for ever, and gets a thread of its own. */
	bool slow;
	/* Called in the reader thread first. NULL: it has replied with a failure. */
	void *(*prepare)(const PB(Request) *r);
	void (*serve)(const PB(Request) *r, void *prepared);
};

/*
 * All operations: KIND(NAME, field of Request, function that serves it).
 *
 * PLAIN runs in the reader thread, SLOW in a thread of its own. BPF and SLOW_BPF touch the kernel's BPF. A SLOW_BPF has a
 * FUNCTION_prepare() as well, which takes what it needs of an object before a BpfUnload can come.
 */
#define OPERATIONS(PLAIN, SLOW, BPF, SLOW_BPF)					\
	PLAIN(ECHO,		echo,			echo)			\
	PLAIN(SAY_HELLO,	say_hello,		say_hello)		\
	PLAIN(RESEED,		reseed,			reseed)			\
	PLAIN(READ_FILE,	read_file,		file_read)		\
	PLAIN(WRITE_FILE,	write_file,		file_write)		\
	PLAIN(MAKE_DIRECTORY,	make_directory,		file_make_directory)	\
	PLAIN(REMOVE,		remove,			file_remove)		\
	SLOW(EXEC,		exec,			process_exec)		\
	PLAIN(SPAWN,		spawn,			process_spawn)		\
	SLOW(REAP,		reap,			process_reap)		\
	PLAIN(PIN,		pin,			process_pin)		\
	BPF(BPF_LOAD,		bpf_load,		bpf_load)		\
	BPF(BPF_UNLOAD,		bpf_unload,		bpf_unload)		\
	BPF(BPF_ATTACH,		bpf_attach,		bpf_attach)		\
	BPF(BPF_DETACH,		bpf_detach,		bpf_detach)		\
	SLOW_BPF(BPF_TEST_RUN,	bpf_test_run,		bpf_test_run)		\
	BPF(MAP_LOOKUP,		map_lookup,		bpf_map_lookup)		\
	BPF(MAP_UPDATE,		map_update,		bpf_map_update)		\
	BPF(MAP_DELETE,		map_delete,		bpf_map_delete)		\
	BPF(MAP_KEYS,		map_keys,		bpf_map_keys)		\
	BPF(MAP_LOOKUP_BATCH,	map_lookup_batch,	bpf_map_get_batch)	\
	BPF(MAP_UPDATE_BATCH,	map_update_batch,	bpf_map_set_batch)	\
	BPF(GLOBAL_READ,	global_read,		bpf_global_read)	\
	BPF(GLOBAL_WRITE,	global_write,		bpf_global_write)	\
	BPF(STREAM_READ,	stream_read,		bpf_stream_read)	\
	SLOW_BPF(RING_READ,	ring_read,		bpf_ring_read)		\
	SLOW_BPF(BPF_TRIAL,	bpf_trial,		bpf_trial)		\
	BPF(BPF_CALLS,		bpf_calls,		bpf_calls)

static void echo(uint32_t id, const PB(Echo) *op)
{
	reply_bytes(id, op->token.data, op->token.len, false);
}

static void say_hello(uint32_t id, const PB(SayHello) *op)
{
	(void)op;
	hello_send(id);
}

/* Each function takes its own message: these give all of them one type. */
#define SERVE(name, field, function)						\
	static void serve_##field(const PB(Request) *r, void *prepared)		\
	{									\
		(void)prepared;							\
		function(r->id, r->field);					\
	}
#define PREPARE_AND_SERVE(name, field, function)				\
	static void *prepare_##field(const PB(Request) *r)			\
	{									\
		return function##_prepare(r->id, r->field);			\
	}									\
	static void serve_##field(const PB(Request) *r, void *prepared)		\
	{									\
		function(r->id, r->field, prepared);				\
	}
OPERATIONS(SERVE, SERVE, SERVE, PREPARE_AND_SERVE)

#define PLAIN_ROW(name, field, function) [OP(name)] = { .serve = serve_##field },
#define SLOW_ROW(name, field, function) [OP(name)] = { .slow = true, .serve = serve_##field },
#define BPF_ROW(name, field, function) [OP(name)] = { .bpf = true, .serve = serve_##field },
#define SLOW_BPF_ROW(name, field, function) [OP(name)] = {			\
	.bpf = true, .slow = true, .prepare = prepare_##field, .serve = serve_##field	\
},
static const struct operation operations[] = { OPERATIONS(PLAIN_ROW, SLOW_ROW, BPF_ROW, SLOW_BPF_ROW) };

struct job {
	const struct operation *operation;
	PB(Request) *request;
	void *prepared;
};

static void *run_job(void *arg)
{
	struct job *job = arg;

	job->operation->serve(job->request, job->prepared);
	ksplat__agent__request__free_unpacked(job->request, NULL);
	free(job);
	return NULL;
}

/* A thread that never comes back costs the machine its stack, and nothing else. */
static void in_thread(const struct operation *operation, PB(Request) *r)
{
	void *prepared = NULL;
	struct job *job;
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	if (operation->prepare) {
		prepared = operation->prepare(r);
		if (!prepared) {
			ksplat__agent__request__free_unpacked(r, NULL);
			return;
		}
	}
	job = malloc(sizeof(*job));
	if (!job)
		die("no memory for a job: give the machine more");
	job->operation = operation;
	job->request = r;
	job->prepared = prepared;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 128 << 10);
	error = pthread_create(&thread, &attr, run_job, job);
	pthread_attr_destroy(&attr);
	if (error)
		die("start a thread for request %u: %s", r->id, strerror(error));
}

void dispatch(PB(Request) *r)
{
	static const struct operation unknown = { 0 };
	const size_t n = sizeof(operations) / sizeof(operations[0]);
	const struct operation *operation = (size_t)r->op_case < n ? &operations[r->op_case] : &unknown;

	if (operation->bpf && test_mode) {
		reply_failure(r->id, EPERM, "BPF operation %d: refused under --channel", (int)r->op_case);
	} else if (operation->slow) {
		in_thread(operation, r);
		return;
	} else if (operation->serve) {
		operation->serve(r, NULL);
	} else {
		reply_failure(r->id, EOPNOTSUPP, "a request without an operation that this agent knows");
	}
	ksplat__agent__request__free_unpacked(r, NULL);
}
