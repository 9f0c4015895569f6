// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Gives the kernel randomness from the host: see random(4). */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent.h"

#define DATA_MAX	512

/*
 * Data that is only written to /dev/urandom takes effect with the next reseeding, seconds later. Reseeding at once
 * also discards the batches of numbers that each CPU holds (drivers/char/random.c).
 */
void reseed(uint32_t id, const PB(Reseed) *op)
{
	/* struct rand_pool_info with room for the data: it ends in a flexible array. */
	struct {
		int entropy_count;
		int size;
		uint8_t data[DATA_MAX];
	} pool = { 0 };
	int fd;

	if (test_mode) {
		reply_failure(id, EPERM, "reseeding: refused under --channel");
		return;
	}
	if (op->data.len > sizeof(pool.data)) {
		reply_failure(id, EINVAL, "reseed with %zu bytes, the limit is %d", op->data.len, DATA_MAX);
		return;
	}
	pool.entropy_count = op->data.len * 8;
	pool.size = op->data.len;
	memcpy(pool.data, op->data.data, op->data.len);
	fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		reply_failure(id, errno, "open /dev/urandom");
		return;
	}
	if (ioctl(fd, RNDADDENTROPY, &pool))
		reply_failure(id, errno, "add %zu bytes of entropy", op->data.len);
	else if (ioctl(fd, RNDRESEEDCRNG))
		reply_failure(id, errno, "reseed the random generator");
	else
		reply_done(id);
	close(fd);
}
