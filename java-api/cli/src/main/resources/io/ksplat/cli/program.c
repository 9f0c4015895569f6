// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cflags=-pthread
#include <err.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMES 1000

/* Two threads that make and remove folders of one parent: put here what you suspect. */
static void *make_and_remove(void *name)
{
	for (int i = 0; i < TIMES; i++)
		if (mkdir(name, 0700) || rmdir(name))
			err(1, "%s", (char *)name);
	return NULL;
}

int main(void)
{
	pthread_t other;

	/* It is over when it ends with status 0. One that never ends says so above: lasts=30s. */
	if (pthread_create(&other, NULL, make_and_remove, "/tmp/@ID@-a"))
		errx(1, "no thread");
	make_and_remove("/tmp/@ID@-b");
	pthread_join(other, NULL);
	return 0;
}
