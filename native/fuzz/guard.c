// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the guard reads: the lines on its stdin, in any pieces; its arguments; an address to listen at. The first byte of an input
 * says which. Nothing is started, removed or listened at.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include "pieces.h"

static ssize_t guard_read(int fd, void *to, size_t length)
{
	return fd == STDIN_FILENO ? read_pieces(to, length) : read(fd, to, length);
}

static int guard_dprintf(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int guard_dprintf(int fd, const char *fmt, ...)
{
	char text[256];
	va_list args;
	int n;

	(void)fd;
	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	MUST(n > 0 && n < (int)sizeof(text));
	for (int done = 0; done < n;) {
		ssize_t took = write_pieces(text + done, n - done);

		done += took > 0 ? took : 0;
	}
	return n;
}

/* What is said of arguments that are no good. */
static int guard_fprintf(FILE *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int guard_fprintf(FILE *to, const char *fmt, ...)
{
	char text[1200];
	va_list args;
	int n;

	(void)to;
	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return n;
}

#define main guard_main
#define read guard_read
#define dprintf guard_dprintf
#define fprintf guard_fprintf
int guard_main(int argc, char **argv);
#include "../src/guard.c"
#undef main
#undef read
#undef dprintf
#undef fprintf

/* What the lines mean, read in the simplest way. Returns how many answers they get. */
static size_t expect(const uint8_t *data, size_t size, bool *keep)
{
	char text[LINE_BYTES];
	size_t answers = 0, length = 0;

	*keep = false;
	for (size_t i = 0; i < size; i++) {
		int tid;

		if (data[i] != '\n') {
			if (length < LINE_BYTES - 1)
				text[length++] = data[i];
			continue;
		}
		text[length] = 0;
		length = 0;
		if (!strcmp(text, "keep"))
			*keep = true;
		else if (sscanf(text, "schedstat %d", &tid) == 1 && tid > 0)
			answers++;
	}
	return answers;
}

static void lines(const uint8_t *data, size_t size)
{
	size_t answers = 0, expected;
	bool keep, ended;

	expected = expect(data, size, &keep);
	begin_pieces(size, data, size);
	kept = false;
	line_length = 0;
	do {
		ended = stdin_ended(1);
	} while (!ended && (pieces_left || !kept));
	MUST(!pieces_left && kept == keep && ended == !keep);
	for (size_t i = 0; i < given; i++)
		answers += pieces_out[i] == '\n';
	MUST(answers == expected);
}

static void address(const uint8_t *data, size_t size)
{
	struct sockaddr_in found = { 0 };
	char where[128], host[INET_ADDRSTRLEN + 1];
	const char *port;
	unsigned int number = 0;

	if (size >= sizeof(where))
		return;
	memcpy(where, data, size);
	where[size] = 0;
	if (!parse_address(where, &found))
		return;
	MUST(inet_ntop(AF_INET, &found.sin_addr, host, INET_ADDRSTRLEN));
	strcat(host, ":");
	MUST(!strncmp(where, host, strlen(host)));
	for (port = where + strlen(host); *port; port++) {
		MUST(*port >= '0' && *port <= '9');
		number = 10 * number + *port - '0';
	}
	MUST(number == ntohs(found.sin_port));
}

#define MOST_ARGUMENTS 32

/* An argument ends at a zero. */
static void arguments(const uint8_t *data, size_t size)
{
	char *argv[MOST_ARGUMENTS + 2] = { "ksplat-guard" }, *text = malloc(size + 1);
	struct arguments found = { 0 };
	int argc = 1;

	MUST(text);
	memcpy(text, data, size);
	text[size] = 0;
	for (size_t i = 0; i < size && argc <= MOST_ARGUMENTS; i += strlen(text + i) + 1)
		argv[argc++] = text + i;
	if (!parse(argc, argv, &found)) {
		MUST(found.command > argv && found.command < argv + argc && *found.command);
		MUST(!strcmp(found.command[-1], "--"));
		MUST(!found.dir || (found.dir[0] == '/' && found.dir[strspn(found.dir, "/")]));
		MUST(found.listens >= 0 && found.listens <= MOST_LISTENERS);
		for (int i = 0; i < found.listens; i++)
			MUST(found.listen[i]);
		MUST(found.reach.reads >= 0 && found.reach.reads <= MOST_PATHS);
		for (int i = 0; i < found.reach.reads; i++)
			MUST(found.reach.readable[i]);
		MUST(found.reach.writes >= 0 && found.reach.writes <= MOST_PATHS);
		for (int i = 0; i < found.reach.writes; i++)
			MUST(found.reach.writable[i]);
		MUST(found.limits.memory <= LLONG_MAX && found.limits.processes <= INT_MAX && found.limits.cpus <= MOST_CPUS);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 3) {
	case 0:
		lines(data + 1, size - 1);
		break;
	case 1:
		address(data + 1, size - 1);
		break;
	default:
		arguments(data + 1, size - 1);
	}
	return 0;
}
