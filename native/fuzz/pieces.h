/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* read() and write() of memory, in pieces of any length and with interruptions, as a pipe or a socket may give them. */
#ifndef KSPLAT_PIECES_H
#define KSPLAT_PIECES_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* What a target finds wrong beside what the sanitizers see. */
#define MUST(holds) do {							\
	if (!(holds)) {								\
		fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #holds);	\
		abort();							\
	}									\
} while (0)

static uint64_t pieces_state;
static const uint8_t *pieces_in;
static size_t pieces_left;
static uint8_t *pieces_out;
static size_t given, given_room;

/* SplitMix64. */
static uint64_t pieces_next(void)
{
	uint64_t z = pieces_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Returns how many bytes a call takes, or -1 with EINTR. */
static ssize_t piece(size_t length)
{
	uint64_t random = pieces_next();

	if (random % 8 == 0) {
		errno = EINTR;
		return -1;
	}
	return random % 2 && length > 1 ? 1 + (random >> 8) % (length - 1) : length;
}

static ssize_t read_pieces(void *to, size_t length)
{
	ssize_t n = piece(length < pieces_left ? length : pieces_left);

	if (n <= 0)
		return n;
	memcpy(to, pieces_in, n);
	pieces_in += n;
	pieces_left -= n;
	return n;
}

static ssize_t write_pieces(const void *from, size_t length)
{
	ssize_t n = piece(length);

	if (n <= 0)
		return n;
	if (given + n > given_room) {
		given_room = 2 * (given + n);
		pieces_out = realloc(pieces_out, given_room);
		MUST(pieces_out);
	}
	memcpy(pieces_out + given, from, n);
	given += n;
	return n;
}

static void begin_pieces(uint64_t seed, const uint8_t *data, size_t size)
{
	pieces_state = seed;
	pieces_in = data;
	pieces_left = size;
	given = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
