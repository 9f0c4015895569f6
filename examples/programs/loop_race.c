// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: modules=loop cpus=2 reaches=loop_configure:20
/* Two processes bind and unbind one loop device. With UNBOUND, it is unbound once more than it was bound. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 100

static int race(int file)
{
	struct loop_config config = { .fd = file };
	int bound = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int loop = open("/dev/loop0", O_RDWR | O_CLOEXEC);

		/* Refused while the other one unbinds. */
		if (loop < 0 && errno == ENXIO)
			continue;
		if (loop < 0)
			err(1, "/dev/loop0");
		if (!ioctl(loop, LOOP_CONFIGURE, &config))
			bound++;
		else if (errno != EBUSY && errno != EINTR)
			err(1, "LOOP_CONFIGURE");
		if (ioctl(loop, LOOP_CLR_FD, 0) && errno != ENXIO && errno != EBUSY)
			err(1, "LOOP_CLR_FD");
		close(loop);
	}
	return bound == 0;
}

int main(void)
{
	int status, failed = 0;
	int file = open("/tmp/image", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (file < 0 || ftruncate(file, 1 << 20))
		err(1, "/tmp/image");
	for (int i = 0; i < 2; i++)
		if (!fork())
			_exit(race(file));
	while (wait(&status) > 0)
		failed |= status;
#ifdef UNBOUND
	if (ioctl(open("/dev/loop0", O_RDWR), LOOP_CLR_FD, 0))
		err(3, "LOOP_CLR_FD");
#endif
	return failed != 0;
}
