// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files of the machine, above all those of /proc and /sys. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

/*
 * A port takes 32 KiB per write (drivers/char/virtio_console.c), and each write exits to the host. From a few writes
 * on, the cost of a frame itself is small.
 */
#define PIECE (512u << 10)

/*
 * O_NONBLOCK, because this is the reader thread: a pipe or /dev/kmsg is read up to what it holds now. Files of /proc
 * and /sys report no length, so the last piece is known only at end of file, and may be empty.
 */
void file_read(uint32_t id, const PB(ReadFile) *op)
{
	uint64_t left = op->length ? op->length : UINT64_MAX;
	uint8_t *piece = NULL;
	bool end = false;
	int fd;

	fd = open(op->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		reply_failure(id, errno, "open %s", op->path);
		return;
	}
	piece = malloc(PIECE);
	if (!piece)
		die("no memory for a piece of a file: give the machine more");
	if (op->offset && (op->offset > INT64_MAX || lseek(fd, op->offset, SEEK_SET) < 0)) {
		reply_failure(id, op->offset > INT64_MAX ? EINVAL : errno, "seek %s to %llu", op->path,
			      (unsigned long long)op->offset);
		goto out;
	}
	while (!end) {
		size_t want = left < PIECE ? left : PIECE;
		size_t have = 0;

		/* seq files return about a page at a time. */
		while (have < want) {
			ssize_t n = read(fd, piece + have, want - have);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0 && errno != EAGAIN) {
				reply_failure(id, errno, "read %s", op->path);
				goto out;
			}
			if (n <= 0) {
				end = true;
				break;
			}
			have += n;
		}
		left -= have;
		if (!left)
			end = true;
		reply_bytes(id, piece, have, !end);
	}
out:
	free(piece);
	close(fd);
}

void file_write(uint32_t id, const PB(WriteFile) *op)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (op->append ? O_APPEND : O_TRUNC);
	mode_t mode = op->mode ? op->mode & 07777 : 0644;
	const uint8_t *at = op->data.data;
	size_t left = op->data.len;
	int fd;

	fd = open(op->path, flags, mode);
	if (fd < 0) {
		reply_failure(id, errno, "open %s for writing", op->path);
		return;
	}
	while (left) {
		ssize_t n = write(fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			reply_failure(id, errno, "write %zu bytes to %s", left, op->path);
			close(fd);
			return;
		}
		at += n;
		left -= n;
	}
	if (close(fd))
		reply_failure(id, errno, "close %s after writing", op->path);
	else
		reply_done(id);
}

void file_make_directory(uint32_t id, const PB(MakeDirectory) *op)
{
	/* mkdir(2) is subject to the umask. */
	if (mkdir(op->path, 0755) || (op->mode && chmod(op->path, op->mode)))
		reply_failure(id, errno, "make directory %s", op->path);
	else
		reply_done(id);
}

void file_remove(uint32_t id, const PB(Remove) *op)
{
	if (remove(op->path))
		reply_failure(id, errno, "remove %s", op->path);
	else
		reply_done(id);
}
