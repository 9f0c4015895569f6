// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * LD_PRELOAD: reads and writes of pipes, sockets and files take fewer bytes than they were asked for, at least one, or are
 * interrupted by a signal that nobody sent: one in SHORT_CALLS_ONE_IN, as SHORT_CALLS_SEED has it. The file SHORT_CALLS counts them.
 *
 * Only what POSIX lets happen: nothing that keeps boundaries of messages, nothing that waits for nobody is interrupted, and a pipe takes
 * PIPE_BUF bytes whole. Files of the distribution are read whole, and jars: how the C library and the JVM load themselves is not
 * ksplat's (the JDK's own zipfs takes a short read of a jar for its end). So are QEMU's files, since it takes one of a kernel for a
 * damaged kernel.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* ShortCallsTest.java has the same. */
struct counts {
	_Atomic uint64_t short_reads, short_writes, interrupted;
};

/* Of java, of QEMU, of all others. */
static struct counts nowhere;
static struct counts *counts = &nowhere;
static _Atomic uint64_t calls;
static uint64_t one_in = 2;
static bool on, is_qemu;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("SHORT_CALLS"), *seed = getenv("SHORT_CALLS_SEED"), *often = getenv("SHORT_CALLS_ONE_IN");
	const char *name = program_invocation_short_name;
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 3 * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (at == MAP_FAILED)
		return;
	is_qemu = !strncmp(name, "qemu", 4);
	counts = (struct counts *)at + (!strcmp(name, "java") ? 0 : is_qemu ? 1 : 2);
	calls = (seed ? strtoull(seed, NULL, 10) : 1) << 32;
	if (often && atoi(often) > 0)
		one_in = atoi(often);
	on = true;
}

/* SplitMix64 of the number of the call. */
static uint64_t chance(void)
{
	uint64_t z = ++calls * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

enum kind { OTHER, FILE_OF_KSPLAT, PIPE, STREAM };

static enum kind kind_of(int fd)
{
	static const char *const distribution[] = { "/usr/", "/lib", "/etc/", "/proc/", "/sys/", "/dev/", "/bin/", "/opt/" };
	char link[64], path[PATH_MAX];
	socklen_t size = sizeof(int);
	struct stat stat;
	ssize_t length;
	int type;

	if (fstat(fd, &stat))
		return OTHER;
	if (S_ISFIFO(stat.st_mode))
		return PIPE;
	if (S_ISSOCK(stat.st_mode))
		return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) && type == SOCK_STREAM ? STREAM : OTHER;
	if (!S_ISREG(stat.st_mode) || is_qemu)
		return OTHER;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0)
		return OTHER;
	path[length] = 0;
	for (size_t i = 0; i < sizeof(distribution) / sizeof(distribution[0]); i++)
		if (!strncmp(path, distribution[i], strlen(distribution[i])))
			return OTHER;
	if (length > 4 && !strcmp(path + length - 4, ".jar"))
		return OTHER;
	return FILE_OF_KSPLAT;
}

static bool waits(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !(flags & O_NONBLOCK);
}

#define HERE (-1)

/* What a read would take, so that a big buffer is no protection: as much as is there now, if that is known. */
static size_t readable(int fd, enum kind kind, size_t length, off_t at)
{
	struct stat stat;
	off_t there = 0;
	int waiting = 0;

	if (kind != FILE_OF_KSPLAT) {
		there = ioctl(fd, FIONREAD, &waiting) ? 0 : waiting;
	} else if (!fstat(fd, &stat)) {
		there = stat.st_size - (at == HERE ? lseek(fd, 0, SEEK_CUR) : at);
	}
	return there > 0 && (uint64_t)there < length ? (size_t)there : length;
}

/* Returns how many bytes a call shall take, or -1 with EINTR. */
static ssize_t taken(int fd, size_t length, bool writes, off_t at)
{
	uint64_t random;
	enum kind kind;
	int error = errno;
	size_t all = length, less;

	if (!on || !length)
		return length;
	kind = kind_of(fd);
	random = chance();
	if (kind != OTHER && !writes)
		length = readable(fd, kind, length, at);
	errno = error;
	if (kind == OTHER)
		return all;
	if (kind != FILE_OF_KSPLAT && random % 16 == 0 && waits(fd)) {
		counts->interrupted++;
		errno = EINTR;
		return -1;
	}
	errno = error;
	if ((random >> 40) % one_in || length == 1 || (writes && kind == PIPE && length <= PIPE_BUF))
		return all;
	less = 1 + (random >> 8) % (length - 1);
	if (writes && kind == PIPE && less < PIPE_BUF)
		less = PIPE_BUF;
	if (writes)
		counts->short_writes++;
	else
		counts->short_reads++;
	return less;
}

#define REAL(name)								\
	static __typeof__(&name) real;						\
										\
	if (!real)								\
		real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define PLAIN(name, type, writes)						\
	ssize_t name(int fd, type data, size_t length)				\
	{									\
		ssize_t now = taken(fd, length, writes, HERE);			\
		REAL(name);							\
		return now < 0 ? -1 : real(fd, data, now);			\
	}
#define AT(name, type, offset, writes)						\
	ssize_t name(int fd, type data, size_t length, offset at)		\
	{									\
		ssize_t now = taken(fd, length, writes, at);			\
		REAL(name);							\
		return now < 0 ? -1 : real(fd, data, now, at);			\
	}
#define SOCKET(name, type, writes)						\
	ssize_t name(int fd, type data, size_t length, int flags)		\
	{									\
		ssize_t now = flags & MSG_PEEK ? (ssize_t)length : taken(fd, length, writes, HERE);	\
		REAL(name);							\
		return now < 0 ? -1 : real(fd, data, now, flags);		\
	}

PLAIN(read, void *, false)
PLAIN(write, const void *, true)
AT(pread, void *, off_t, false)
AT(pread64, void *, off64_t, false)
AT(pwrite, const void *, off_t, true)
AT(pwrite64, const void *, off64_t, true)
SOCKET(recv, void *, false)
SOCKET(send, const void *, true)

#define MOST_PARTS 1024

/* Returns the parts that are left of so many bytes, or -1 with EINTR; more parts than there is room for stay as they are. */
static int cut(int fd, const struct iovec *from, int count, struct iovec *to, bool writes, off_t at)
{
	size_t length = 0;
	ssize_t now;
	int n = 0;

	for (int i = 0; i < count; i++)
		length += from[i].iov_len;
	now = taken(fd, length, writes, at);
	if (now < 0)
		return -1;
	for (; n < count && (now > 0 || !n); n++) {
		to[n] = from[n];
		if (to[n].iov_len > (size_t)now)
			to[n].iov_len = now;
		now -= to[n].iov_len;
	}
	return n;
}

#define PARTS(name, writes)							\
	ssize_t name(int fd, const struct iovec *parts, int count)		\
	{									\
		struct iovec less[MOST_PARTS];					\
		int n = count;							\
										\
		REAL(name);							\
		if (count > 0 && count <= MOST_PARTS) {				\
			n = cut(fd, parts, count, less, writes, HERE);	\
			parts = less;						\
		}								\
		return n < 0 ? -1 : real(fd, parts, n);				\
	}
#define PARTS_AT(name, offset, writes)						\
	ssize_t name(int fd, const struct iovec *parts, int count, offset at)	\
	{									\
		struct iovec less[MOST_PARTS];					\
		int n = count;							\
										\
		REAL(name);							\
		if (count > 0 && count <= MOST_PARTS) {				\
			n = cut(fd, parts, count, less, writes, at);	\
			parts = less;						\
		}								\
		return n < 0 ? -1 : real(fd, parts, n, at);			\
	}

PARTS(readv, false)
PARTS(writev, true)
PARTS_AT(preadv, off_t, false)
PARTS_AT(preadv64, off64_t, false)
PARTS_AT(pwritev, off_t, true)
PARTS_AT(pwritev64, off64_t, true)

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	struct iovec less[MOST_PARTS];
	struct msghdr now = *message;
	ssize_t result;
	int n;

	REAL(recvmsg);
	if (flags & MSG_PEEK || !message->msg_iovlen || message->msg_iovlen > MOST_PARTS)
		return real(fd, message, flags);
	n = cut(fd, message->msg_iov, message->msg_iovlen, less, false, HERE);
	if (n < 0)
		return -1;
	now.msg_iov = less;
	now.msg_iovlen = n;
	result = real(fd, &now, flags);
	message->msg_namelen = now.msg_namelen;
	message->msg_controllen = now.msg_controllen;
	message->msg_flags = now.msg_flags;
	return result;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct iovec less[MOST_PARTS];
	struct msghdr now = *message;
	int n;

	REAL(sendmsg);
	if (!message->msg_iovlen || message->msg_iovlen > MOST_PARTS)
		return real(fd, message, flags);
	n = cut(fd, message->msg_iov, message->msg_iovlen, less, true, HERE);
	if (n < 0)
		return -1;
	now.msg_iov = less;
	now.msg_iovlen = n;
	return real(fd, &now, flags);
}
