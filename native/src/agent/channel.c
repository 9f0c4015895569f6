// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames in, frames out: a little-endian u32 length and a message. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

static int channel_in = -1, channel_out = -1;
static bool channel_is_port;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

void channel_open(int in, int out, bool port)
{
	channel_in = in;
	channel_out = out;
	channel_is_port = port;
}

/* Returns false if the other side hung up before the last byte. */
static bool read_whole(uint8_t *to, size_t len)
{
	while (len) {
		ssize_t n = read(channel_in, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("read from the host: %s", strerror(errno));
		if (!n)
			return false;
		to += n;
		len -= n;
	}
	return true;
}

/*
 * End of file on a socket is the end. A port without a host reads as end of file, too, and polls as hung up; no event
 * tells when a host connects. A restored template is in that state for a moment. So it tries again.
 */
static void hung_up(void)
{
	const struct timespec pause = { 0, 2000000 };

	if (!channel_is_port)
		real_end();
	nanosleep(&pause, NULL);
}

PB(Request) *channel_receive(void)
{
	PB(Request) *request;
	uint8_t head[4];
	uint8_t *frame;
	uint32_t len;

	for (;;) {
		if (!read_whole(head, sizeof(head))) {
			hung_up();
			continue;
		}
		len = head[0] | head[1] << 8 | head[2] << 16 | (uint32_t)head[3] << 24;
		if (len > FRAME_MAX)
			die("malformed frame: %u bytes, the limit is %u: out of step with the host", len, FRAME_MAX);
		frame = malloc(len ? len : 1);
		if (!frame)
			die("no memory for a frame of %u bytes: give the machine more", len);
		if (!read_whole(frame, len)) {
			/* The rest will not come: a host that reconnects begins a new frame. */
			free(frame);
			hung_up();
			continue;
		}
		real_heard();
		request = ksplat__agent__request__unpack(NULL, len, frame);
		free(frame);
		if (!request)
			die("malformed frame: %u bytes that are no Request", len);
		return request;
	}
}

void channel_send(const PB(Response) *response)
{
	size_t len = ksplat__agent__response__get_packed_size(response);
	uint8_t *frame, *at;

	if (len > FRAME_MAX)
		die("a response of %zu bytes: the limit is %u", len, FRAME_MAX);
	frame = malloc(len + 4);
	if (!frame)
		die("no memory for a response of %zu bytes: give the machine more", len);
	frame[0] = len;
	frame[1] = len >> 8;
	frame[2] = len >> 16;
	frame[3] = len >> 24;
	ksplat__agent__response__pack(response, frame + 4);
	len += 4;

	pthread_mutex_lock(&writing);
	for (at = frame; len;) {
		ssize_t n = write(channel_out, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE)
			hung_up();
		else if (n < 0)
			die("write to the host: %s", strerror(errno));
		else {
			at += n;
			len -= n;
		}
	}
	pthread_mutex_unlock(&writing);
	free(frame);
}
