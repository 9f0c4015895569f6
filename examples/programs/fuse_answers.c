// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cflags=-pthread modules=fuse reaches=fuse_lookup
/* A file system of its own, which knows one file. With HANGS, it reads requests and answers none after the first. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int device;

static void reply(const struct fuse_in_header *request, const void *data, size_t length, int error)
{
	struct fuse_out_header header = { .len = sizeof(header) + length, .error = error, .unique = request->unique };
	struct iovec parts[] = { { &header, sizeof(header) }, { (void *)data, length } };

	if (writev(device, parts, length ? 2 : 1) < 0 && errno != ENOENT)
		err(1, "answer to %u", request->opcode);
}

static void answer(const struct fuse_in_header *request)
{
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096 };
	struct fuse_attr root = { .ino = 1, .mode = S_IFDIR | 0755, .nlink = 2 };
	struct fuse_attr file = { .ino = 2, .mode = S_IFREG | 0644, .nlink = 1, .size = 42 };
	struct fuse_attr_out attributes = { .attr = root };
	struct fuse_entry_out entry = { .nodeid = 2, .attr = file };

	switch (request->opcode) {
	case FUSE_INIT:
		reply(request, &init, sizeof(init), 0);
		break;
#ifndef HANGS
	case FUSE_GETATTR:
		attributes.attr = request->nodeid == 1 ? root : file;
		reply(request, &attributes, sizeof(attributes), 0);
		break;
	case FUSE_LOOKUP:
		reply(request, &entry, sizeof(entry), 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		break;
	default:
		reply(request, NULL, 0, -ENOSYS);
#endif
	}
}

static void *serve(void *unused)
{
	static char request[1 << 16];

	while (read(device, request, sizeof(request)) > 0)
		answer((const struct fuse_in_header *)request);
	return NULL;
}

int main(void)
{
	char options[100];
	struct stat file;
	pthread_t server;

	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (device < 0)
		err(1, "/dev/fuse");
	mkdir("/tmp/fuse", 0755);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	if (mount("none", "/tmp/fuse", "fuse", 0, options))
		err(1, "mount");
	if (pthread_create(&server, NULL, serve, NULL))
		errx(1, "pthread_create");
	if (stat("/tmp/fuse/file", &file))
		err(1, "stat");
	if (umount2("/tmp/fuse", MNT_DETACH))
		err(1, "umount");
	return file.st_size != 42;
}
