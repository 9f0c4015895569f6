/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Declarations that the agent's files share. The contract with the host is proto/agent.proto. */
#ifndef KSPLAT_AGENT_H
#define KSPLAT_AGENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "agent.pb-c.h"

#define PB(message) Ksplat__Agent__##message

/* Longer frames are refused as malformed, in both directions. Nothing that the host sends is nearly as long. */
#define FRAME_MAX (64u << 20)

/* main.c: true under --channel. The agent then runs on a developer's machine and must not touch its kernel. */
extern bool test_mode;
/* main.c: true for PID 1 of a machine, which ends with it. */
extern bool own_machine;

/* init.c */
void init_machine(void);
int init_open_port(const char *name, unsigned int timeout_ms);
void init_settings(void);
/* Sets back what init_settings() has found, as far as it still is what that has set. */
void init_unset(void);
void init_modules(void);
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* disks.c */
void disks_use(void);

/* channel.c */
void channel_open(int in, int out, bool port);
PB(Request) *channel_receive(void);
void channel_send(const PB(Response) *response);

/* real.c */
void real_start(const char *owner);
/* The host has said something. */
void real_heard(void);
void real_end(void) __attribute__((noreturn));

/* pmu.c: returns the exit status. */
int pmu_storm(const char *rate, const char *seconds);

/* reply.c */
void reply_done(uint32_t id);
void reply_bytes(uint32_t id, const void *data, size_t len, bool more);
/* Replaces what is no text in a protobuf message. */
void only_ascii(char *text);
void reply_failure(uint32_t id, int error, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What a refused load or attach tells beside its errno. */
#define LACKS_MAX 16
struct lacks {
	char names[LACKS_MAX][96];
	size_t n;
};
struct refusal {
	/* The verifier's log of the program that what names; NULL: the verifier refused none. */
	char *verifier_log;
	char *libbpf;
	const struct lacks *lacks;
};
void reply_refusal(uint32_t id, int error, const struct refusal *refusal, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* dispatch.c: consumes the request. */
void dispatch(PB(Request) *request);

/* hello.c */
void hello_send(uint32_t id);

/* reseed.c */
void reseed(uint32_t id, const PB(Reseed) *op);

/* file.c */
void file_read(uint32_t id, const PB(ReadFile) *op);
void file_write(uint32_t id, const PB(WriteFile) *op);
void file_make_directory(uint32_t id, const PB(MakeDirectory) *op);
void file_remove(uint32_t id, const PB(Remove) *op);

/* process.c */
void process_exec(uint32_t id, const PB(Exec) *op);
void process_spawn(uint32_t id, const PB(Spawn) *op);
void process_reap(uint32_t id, const PB(Reap) *op);
void process_pin(uint32_t id, const PB(Pin) *op);
void process_reap_orphans(void) __attribute__((noreturn));
/* Returns 0 or a positive errno; pid 0 is the calling thread. */
int pin_to_cpu(pid_t pid, uint32_t cpu);

/* CLOCK_MONOTONIC; the milliseconds for poll(2) until a deadline of it, 0 meaning none. */
uint64_t now_ms(void);
int time_left(uint64_t deadline);

/* output.c */
void output_start(void);
void output_watch(uint32_t name, pid_t pid, int out, int err);
void output_reaped(pid_t pid, int status, const struct rusage *taken);

/* physical.c: the physical address behind a mapped, present address, or 0 if the kernel does not tell it. */
uint64_t physical_address(const volatile void *address);

/* beat.c */
void pinned_thread(unsigned int cpu, pthread_attr_t *attr);
void beat_start(void);
uint64_t beat_physical(void);
void beat_still(uint64_t ns, char *to, size_t size);

/* bpf_object.c */
struct bpf_object;
struct bpf_program;
struct bpf_map;

struct mapping {
	const struct bpf_map *map;
	uint8_t *at;
	/* What a host may read and write; the mapping itself is whole pages. */
	size_t len;
	bool writable;
};

struct loaded {
	uint32_t handle;
	struct bpf_object *object;
	struct mapping *mappings;
	size_t n_mappings;
	struct loaded *next;
};

void bpf_start(void);
void bpf_load(uint32_t id, const PB(BpfLoad) *op);
void bpf_unload(uint32_t id, const PB(BpfUnload) *op);
void bpf_attach(uint32_t id, const PB(BpfAttach) *op);
void bpf_detach(uint32_t id, const PB(BpfDetach) *op);
/* These two reply with a failure and return NULL if there is no such object or program. */
struct loaded *bpf_loaded(uint32_t id, uint32_t handle);
struct bpf_program *bpf_find_program(uint32_t id, uint32_t handle, const char *name);
struct bpf_map *bpf_find_map(const struct loaded *loaded, const char *name);
/* ".bss" for a global section's map, else the map's own name. */
const char *bpf_map_label(const struct bpf_map *map);

/* The name that libbpf gives an object: letters, digits and underscores. */
void bpf_object_name(char *to, size_t size, const char *from);
/* What libbpf has printed since it was cleared. While the kernel is probed, it prints what does not count. */
char *bpf_libbpf_log(void);
void bpf_clear_libbpf_log(void);
void bpf_probing(bool on);

/* bpf_trial.c */
struct trial *bpf_trial_prepare(uint32_t id, const PB(BpfTrial) *op);
void bpf_trial(uint32_t id, const PB(BpfTrial) *op, struct trial *trial);

/* bpf_calls.c */
void bpf_calls(uint32_t id, const PB(BpfCalls) *op);

/* bpf_describe.c: describes a loaded object to the host. */
struct program_log {
	const struct bpf_program *program;
	char *text;
};
void bpf_describe(uint32_t id, const struct loaded *loaded, const struct program_log *logs, size_t n_logs);

/* bpf_probe.c: each adds to what this kernel lacks. */
void bpf_probe_object(struct lacks *lacks, const struct bpf_object *object);
void bpf_probe_attach_type(struct lacks *lacks, const struct bpf_program *program);
void bpf_probe_helper(struct lacks *lacks, const char *verifier_log);

/* bpf_run.c */
struct test_run *bpf_test_run_prepare(uint32_t id, const PB(BpfTestRun) *op);
void bpf_test_run(uint32_t id, const PB(BpfTestRun) *op, struct test_run *run);
void bpf_stream_read(uint32_t id, const PB(StreamRead) *op);
/* A stream holds 100,000 bytes at most (kernel/bpf/stream.c, BPF_STREAM_MAX_CAPACITY). */
#define STREAM_BYTES (128u << 10)
/* Takes what is in a stream, up to size; returns a negative errno, of the first read. */
ssize_t bpf_take_stream(int fd, uint32_t stream, uint8_t *text, size_t size);

/* bpf_ring.c */
struct ring_read *bpf_ring_read_prepare(uint32_t id, const PB(RingRead) *op);
void bpf_ring_read(uint32_t id, const PB(RingRead) *op, struct ring_read *read);

/* bpf_map.c */
void bpf_map_lookup(uint32_t id, const PB(MapLookup) *op);
void bpf_map_update(uint32_t id, const PB(MapUpdate) *op);
void bpf_map_delete(uint32_t id, const PB(MapDelete) *op);
void bpf_map_keys(uint32_t id, const PB(MapKeys) *op);
void bpf_map_get_batch(uint32_t id, const PB(MapLookupBatch) *op);
void bpf_map_set_batch(uint32_t id, const PB(MapUpdateBatch) *op);
void bpf_global_read(uint32_t id, const PB(GlobalRead) *op);
void bpf_global_write(uint32_t id, const PB(GlobalWrite) *op);

#endif
