// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The replies that all operations share. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

void reply_done(uint32_t id)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Done) done = KSPLAT__AGENT__DONE__INIT;

	response.id = id;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_DONE;
	response.done = &done;
	channel_send(&response);
}

void reply_bytes(uint32_t id, const void *data, size_t len, bool more)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Bytes) bytes = KSPLAT__AGENT__BYTES__INIT;

	bytes.data.data = (uint8_t *)data;
	bytes.data.len = len;
	response.id = id;
	response.more = more;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_BYTES;
	response.bytes = &bytes;
	channel_send(&response);
}

/*
 * proto3 requires UTF-8 in a string, and Java refuses the whole message otherwise. These texts are ASCII except for
 * names.
 */
void only_ascii(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			*text = '?';
}

static void failure(uint32_t id, int error, const struct refusal *refusal, const char *fmt, va_list args)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Failure) failed = KSPLAT__AGENT__FAILURE__INIT;
	char *lacks[LACKS_MAX];
	char what[1024];

	vsnprintf(what, sizeof(what), fmt, args);
	only_ascii(what);
	failed.error = error;
	failed.what = what;
	if (refusal) {
		failed.verifier = refusal->verifier_log != NULL;
		if (refusal->verifier_log) {
			only_ascii(refusal->verifier_log);
			failed.log = refusal->verifier_log;
		}
		only_ascii(refusal->libbpf);
		failed.libbpf = refusal->libbpf;
		for (size_t i = 0; i < refusal->lacks->n; i++)
			lacks[i] = (char *)refusal->lacks->names[i];
		failed.lacks = lacks;
		failed.n_lacks = refusal->lacks->n;
	}
	response.id = id;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_FAILURE;
	response.failure = &failed;
	channel_send(&response);
}

void reply_failure(uint32_t id, int error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	failure(id, error, NULL, fmt, args);
	va_end(args);
}

void reply_refusal(uint32_t id, int error, const struct refusal *refusal, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	failure(id, error, refusal, fmt, args);
	va_end(args);
}
