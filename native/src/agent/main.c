// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ksplat-agent: PID 1 of a machine. It sets the guest up, opens its virtio port and serves the host's requests.
 *
 * Threads: the main one reaps orphans (see process.c), one reads and serves requests, one per CPU beats, one reads what
 * children print, and each operation that a hanging CPU may keep for ever (Exec, Reap, BpfTestRun, RingRead) has its own.
 *
 * `ksplat-agent --real OWNER` serves its standard input and output on a machine that lives on without it: see real.c.
 * `ksplat-agent --pmu RATE SECONDS` has that machine's PMU send NMIs: see pmu.c.
 * `ksplat-agent --channel FD` serves a socket on an ordinary machine, for tests: it mounts and sets nothing,
 * and refuses everything that would load BPF into that machine's kernel.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent.h"

#define PORT_NAME	"io.ksplat.agent"
#define PORT_TIMEOUT_MS	10000

bool test_mode;
bool own_machine;

static void *serve(void *unused)
{
	(void)unused;
	hello_send(0);
	for (;;)
		dispatch(channel_receive());
	return NULL;
}

int main(int argc, char **argv)
{
	sigset_t set;
	pthread_t thread;
	int in = -1, out = -1;
	int error;

	if (argc == 3 && !strcmp(argv[1], "--channel")) {
		test_mode = true;
		in = out = atoi(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "--real")) {
		in = STDIN_FILENO;
		out = STDOUT_FILENO;
	} else if (argc == 4 && !strcmp(argv[1], "--pmu")) {
		return pmu_storm(argv[2], argv[3]);
	} else if (getpid() == 1) {
		own_machine = true;
	} else {
		fprintf(stderr, "ksplat-agent: it is PID 1 of a machine, or ksplat-agent --real OWNER, or a test's: "
				"ksplat-agent --channel FD\n");
		return 2;
	}

	/* The main thread waits for SIGCHLD. A host that hangs up shows as EPIPE. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* One arena per thread costs page faults and gains nothing here. */
	mallopt(M_ARENA_MAX, 1);

	if (own_machine) {
		init_machine();
		init_settings();
		init_modules();
		disks_use();
		in = out = init_open_port(PORT_NAME, PORT_TIMEOUT_MS);
	} else {
		/* Receives orphans, as PID 1 would. */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	}
	if (!own_machine && !test_mode)
		real_start(argv[2]);
	if (!test_mode)
		bpf_start();
	channel_open(in, out, own_machine);
	beat_start();
	output_start();

	error = pthread_create(&thread, NULL, serve, NULL);
	if (error)
		die("start the reader thread: %s", strerror(error));
	process_reap_orphans();
}
