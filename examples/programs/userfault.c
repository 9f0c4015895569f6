// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cflags=-pthread reaches=handle_userfault:64
/* 64 pages are brought when they are touched. With LATE, none is. */
#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 64

static int fd;

static void *bring(void *unused)
{
	static char page[PAGE] __attribute__((aligned(PAGE))) = "brought";
	struct uffd_msg fault;

	while (read(fd, &fault, sizeof(fault)) == sizeof(fault)) {
		struct uffdio_copy copy = {
			.dst = fault.arg.pagefault.address & -PAGE, .src = (unsigned long)page, .len = PAGE
		};

		if (ioctl(fd, UFFDIO_COPY, &copy))
			err(1, "UFFDIO_COPY");
	}
	return NULL;
}

int main(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;

	fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (pages == MAP_FAILED || fd < 0 || ioctl(fd, UFFDIO_API, &api))
		err(1, "userfaultfd");
	range.range.start = (unsigned long)pages;
	range.range.len = PAGES * PAGE;
	if (ioctl(fd, UFFDIO_REGISTER, &range))
		err(1, "UFFDIO_REGISTER");
#ifndef LATE
	if (pthread_create(&thread, NULL, bring, NULL))
		errx(1, "pthread_create");
#endif
	for (int i = 0; i < PAGES; i++)
		if (pages[i * PAGE] != 'b')
			return 1;
	return 0;
}
