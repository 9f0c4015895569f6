// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ksplat-agent: PID 1 of a machine. It sets the guest up, opens its virtio port and serves the host's requests.
 *
 * Threads: the main one reaps orphans (see process.c), one reads and serves requests, one per CPU beats, one reads what
 * children print, and each operation that a hanging CPU may keep for ever (Exec, Reap, BpfTestRun, RingRead) has its own.
 *
 * `ksplat-agent --channel FD` serves a socket on an ordinary machine instead, for tests: it mounts and sets nothing,
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
	int channel = -1;
	int error;

	if (argc == 3 && !strcmp(argv[1], "--channel")) {
		test_mode = true;
		channel = atoi(argv[2]);
	} else if (getpid() != 1) {
		fprintf(stderr, "ksplat-agent: it is PID 1 of a machine, or a test's: ksplat-agent --channel FD\n");
		return 2;
	}

	/* The main thread waits for SIGCHLD. A host that hangs up shows as EPIPE. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* One arena per thread costs page faults and gains nothing here. */
	mallopt(M_ARENA_MAX, 1);

	if (test_mode) {
		/* Receives orphans, as PID 1 would. */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	} else {
		init_machine();
		init_settings();
		init_modules();
		disks_use();
		channel = init_open_port(PORT_NAME, PORT_TIMEOUT_MS);
		bpf_start();
	}
	channel_open(channel, !test_mode);
	beat_start();
	output_start();

	error = pthread_create(&thread, NULL, serve, NULL);
	if (error)
		die("start the reader thread: %s", strerror(error));
	process_reap_orphans();
}
