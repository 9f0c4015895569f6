// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which operation a request is, and in which thread it runs. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

#define OP(name) KSPLAT__AGENT__REQUEST__OP_##name

struct job {
	PB(Request) *request;
	struct test_run *run;
	struct ring_read *read;
};

static void *run_job(void *arg)
{
	struct job *job = arg;
	PB(Request) *r = job->request;

	switch (r->op_case) {
	case OP(EXEC):
		process_exec(r->id, r->exec);
		break;
	case OP(REAP):
		process_reap(r->id, r->reap);
		break;
	case OP(BPF_TEST_RUN):
		bpf_test_run(r->id, r->bpf_test_run, job->run);
		break;
	case OP(RING_READ):
		bpf_ring_read(r->id, r->ring_read, job->read);
		break;
	default:
		break;
	}
	ksplat__agent__request__free_unpacked(r, NULL);
	free(job);
	return NULL;
}

/* A thread that never comes back costs the machine its stack, and nothing else. */
static void in_thread(PB(Request) *r)
{
	struct ring_read *read = NULL;
	struct test_run *run = NULL;
	struct job *job;
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	if (r->op_case == OP(BPF_TEST_RUN))
		run = bpf_test_run_prepare(r->id, r->bpf_test_run);
	if (r->op_case == OP(RING_READ))
		read = bpf_ring_read_prepare(r->id, r->ring_read);
	if ((r->op_case == OP(BPF_TEST_RUN) && !run) || (r->op_case == OP(RING_READ) && !read)) {
		ksplat__agent__request__free_unpacked(r, NULL);
		return;
	}
	job = malloc(sizeof(*job));
	if (!job)
		die("no memory for a job: give the machine more");
	job->request = r;
	job->run = run;
	job->read = read;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 128 << 10);
	error = pthread_create(&thread, &attr, run_job, job);
	pthread_attr_destroy(&attr);
	if (error)
		die("start a thread for request %u: %s", r->id, strerror(error));
}

static bool is_bpf(int op)
{
	return (op >= OP(BPF_LOAD) && op <= OP(STREAM_READ)) || (op >= OP(MAP_LOOKUP_BATCH) && op <= OP(RING_READ));
}

void dispatch(PB(Request) *r)
{
	if (test_mode && is_bpf(r->op_case)) {
		reply_failure(r->id, EPERM, "BPF operation %d: refused under --channel", (int)r->op_case);
		goto out;
	}
	switch (r->op_case) {
	case OP(EXEC):
	case OP(REAP):
	case OP(BPF_TEST_RUN):
	case OP(RING_READ):
		in_thread(r);
		return;
	case OP(ECHO):
		reply_bytes(r->id, r->echo->token.data, r->echo->token.len, false);
		break;
	case OP(SAY_HELLO):
		hello_send(r->id);
		break;
	case OP(RESEED):
		reseed(r->id, r->reseed);
		break;
	case OP(READ_FILE):
		file_read(r->id, r->read_file);
		break;
	case OP(WRITE_FILE):
		file_write(r->id, r->write_file);
		break;
	case OP(MAKE_DIRECTORY):
		file_make_directory(r->id, r->make_directory);
		break;
	case OP(REMOVE):
		file_remove(r->id, r->remove);
		break;
	case OP(SPAWN):
		process_spawn(r->id, r->spawn);
		break;
	case OP(PIN):
		process_pin(r->id, r->pin);
		break;
	case OP(BPF_LOAD):
		bpf_load(r->id, r->bpf_load);
		break;
	case OP(BPF_UNLOAD):
		bpf_unload(r->id, r->bpf_unload);
		break;
	case OP(BPF_ATTACH):
		bpf_attach(r->id, r->bpf_attach);
		break;
	case OP(BPF_DETACH):
		bpf_detach(r->id, r->bpf_detach);
		break;
	case OP(MAP_LOOKUP):
		bpf_map_lookup(r->id, r->map_lookup);
		break;
	case OP(MAP_UPDATE):
		bpf_map_update(r->id, r->map_update);
		break;
	case OP(MAP_DELETE):
		bpf_map_delete(r->id, r->map_delete);
		break;
	case OP(MAP_KEYS):
		bpf_map_keys(r->id, r->map_keys);
		break;
	case OP(MAP_LOOKUP_BATCH):
		bpf_map_get_batch(r->id, r->map_lookup_batch);
		break;
	case OP(MAP_UPDATE_BATCH):
		bpf_map_set_batch(r->id, r->map_update_batch);
		break;
	case OP(GLOBAL_READ):
		bpf_global_read(r->id, r->global_read);
		break;
	case OP(GLOBAL_WRITE):
		bpf_global_write(r->id, r->global_write);
		break;
	case OP(STREAM_READ):
		bpf_stream_read(r->id, r->stream_read);
		break;
	default:
		reply_failure(r->id, EOPNOTSUPP, "a request without an operation that this agent knows");
		break;
	}
out:
	ksplat__agent__request__free_unpacked(r, NULL);
}
