// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What children print, and how they end: told to the host at once and unasked, so that it outlives the guest.
 *
 * Children write into pipes, never to the console: the kernel alone speaks there. One thread empties the pipes. It
 * preempts ordinary tasks, so that a program's last words before it hangs a CPU are on their way before the CPU hangs.
 * Beyond the limit it reads and drops: a child never waits for the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

/* Of each stream. */
#define STREAM_MAX	(8u << 20)
/* With its frame less than what a virtio port sends as one piece (32 KiB, drivers/char/virtio_console.c). */
#define PIECE_MAX	(16u << 10)
/* What one stream may take before the others get their turn. */
#define TURN		8
/* What a pipe can hold at most (/proc/sys/fs/pipe-max-size), for a child that is dead: others may write into it on and on. */
#define REST		((1u << 20) / PIECE_MAX)

enum { OUT, ERR, END, SOURCES };

struct source {
	struct speaker *speaker;
	int kind;
	/* -1: closed. */
	int fd;
	size_t sent;
};

struct speaker {
	struct source source[SOURCES];
	/* The host's. */
	uint32_t name;
	pid_t pid;
	bool ended;
	struct speaker *next;
};

/* Protects the list, and each speaker's end, which process_reap() may see first. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct speaker *speakers;
static int poller = -1;

static void tell_output(const struct source *source, uint8_t *data, size_t len, bool cut)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Output) output = KSPLAT__AGENT__OUTPUT__INIT;

	output.process = source->speaker->name;
	output.stream = source->kind + 1;
	output.data.data = data;
	output.data.len = len;
	output.cut = cut;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_OUTPUT;
	response.output = &output;
	channel_send(&response);
}

static uint64_t microseconds(const struct timeval *time)
{
	return time->tv_sec * 1000000ull + time->tv_usec;
}

/* Called with the lock held. */
static void tell_end(struct speaker *speaker, int status, const struct rusage *taken)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Ended) ended = KSPLAT__AGENT__ENDED__INIT;
	PB(Usage) usage = KSPLAT__AGENT__USAGE__INIT;

	if (speaker->ended)
		return;
	speaker->ended = true;
	ended.process = speaker->name;
	ended.status = status;
	usage.user_us = microseconds(&taken->ru_utime);
	usage.system_us = microseconds(&taken->ru_stime);
	usage.max_rss_kib = taken->ru_maxrss;
	usage.minor_faults = taken->ru_minflt;
	usage.major_faults = taken->ru_majflt;
	usage.voluntary_switches = taken->ru_nvcsw;
	usage.involuntary_switches = taken->ru_nivcsw;
	ended.usage = &usage;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_ENDED;
	response.ended = &ended;
	channel_send(&response);
}

/* A child that was just forked has the file open, too: closing it here would leave it in the poller. */
static void close_source(struct source *source)
{
	if (source->fd >= 0) {
		epoll_ctl(poller, EPOLL_CTL_DEL, source->fd, NULL);
		close(source->fd);
	}
	source->fd = -1;
}

/* Reads what is there now, at most so many pieces. */
static void drain(struct source *source, unsigned int pieces)
{
	uint8_t piece[PIECE_MAX];

	while (source->fd >= 0 && pieces--) {
		size_t left = STREAM_MAX - source->sent;
		ssize_t n = read(source->fd, piece, sizeof(piece));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close_source(source);
			return;
		}
		if (!left)
			continue;
		if ((size_t)n > left)
			n = left;
		source->sent += n;
		tell_output(source, piece, n, source->sent == STREAM_MAX);
	}
}

static int wait_status(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return (info->si_status & 0xff) << 8;
	return info->si_status | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

/* It stays a zombie: see process.c. If it was reaped in the meantime, process_reap() has told its end, or will. */
static void ended(struct speaker *speaker)
{
	siginfo_t info = { 0 };
	struct rusage taken = { 0 };

	/* Its words come before its end. */
	drain(&speaker->source[OUT], REST);
	drain(&speaker->source[ERR], REST);
	pthread_mutex_lock(&lock);
	/* The fifth argument is the kernel's alone, see waitid(2): C libraries do not pass it on. */
	if (!syscall(SYS_waitid, P_PIDFD, speaker->source[END].fd, &info, WEXITED | WNOHANG | WNOWAIT, &taken) && info.si_pid)
		tell_end(speaker, wait_status(&info), &taken);
	pthread_mutex_unlock(&lock);
	close_source(&speaker->source[END]);
}

static void forget_if_over(struct speaker *speaker)
{
	struct speaker **at;

	for (int i = 0; i < SOURCES; i++)
		if (speaker->source[i].fd >= 0)
			return;
	pthread_mutex_lock(&lock);
	/* Until its end is told, process_reap() looks for it. */
	if (speaker->ended) {
		for (at = &speakers; *at != speaker; at = &(*at)->next)
			;
		*at = speaker->next;
		free(speaker);
	}
	pthread_mutex_unlock(&lock);
}

static void *pump(void *unused)
{
	(void)unused;
	for (;;) {
		/* One at a time: the speaker of a second event might be gone. */
		struct epoll_event event;
		int n = epoll_wait(poller, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			die("wait for the outputs of children: %s", strerror(errno));
		if (n <= 0)
			continue;
		struct source *source = event.data.ptr;
		struct speaker *speaker = source->speaker;

		if (source->kind == END)
			ended(speaker);
		else
			drain(source, TURN);
		forget_if_over(speaker);
		/* To the hearts, which have the same priority. */
		sched_yield();
	}
	return NULL;
}

void output_start(void)
{
	const struct sched_param priority = { .sched_priority = 1 };
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	poller = epoll_create1(EPOLL_CLOEXEC);
	if (poller < 0)
		die("watch the outputs of children: %s", strerror(errno));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (!test_mode) {
		pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
		pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
		pthread_attr_setschedparam(&attr, &priority);
	}
	error = pthread_create(&thread, &attr, pump, NULL);
	pthread_attr_destroy(&attr);
	if (error)
		die("start the thread for the outputs of children: %s", strerror(error));
}

/*
 * Takes over the reading ends, which do not block, and tells what comes out of them. Called when the host knows that
 * the child has started.
 */
void output_watch(uint32_t name, pid_t pid, int out, int err)
{
	struct speaker *speaker = calloc(1, sizeof(*speaker));
	int fds[SOURCES] = { out, err, syscall(SYS_pidfd_open, pid, 0) };

	if (!speaker)
		die("no memory for a child's outputs: give the machine more");
	if (fds[END] < 0)
		die("watch child %d: %s", (int)pid, strerror(errno));
	speaker->name = name;
	speaker->pid = pid;
	for (int i = 0; i < SOURCES; i++) {
		speaker->source[i].speaker = speaker;
		speaker->source[i].kind = i;
		speaker->source[i].fd = fds[i];
	}
	pthread_mutex_lock(&lock);
	speaker->next = speakers;
	speakers = speaker;
	pthread_mutex_unlock(&lock);
	/* The end last: from there on the speaker may be gone. */
	for (int i = 0; i < SOURCES; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &speaker->source[i] };

		if (epoll_ctl(poller, EPOLL_CTL_ADD, fds[i], &event))
			die("watch child %d: %s", (int)pid, strerror(errno));
	}
}

void output_reaped(pid_t pid, int status, const struct rusage *taken)
{
	pthread_mutex_lock(&lock);
	for (struct speaker *at = speakers; at; at = at->next)
		if (at->pid == pid && !at->ended)
			tell_end(at, status, taken);
	pthread_mutex_unlock(&lock);
}
