// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cflags=-pthread cpus=4 reaches=futex_wake:1000
/* Eight threads take one mutex from each other. With LOST, a wakeup never comes. */
#include <err.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 20000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long count;

static void *storm(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		for (int spin = 0; spin < 50; spin++)
			count++;
		pthread_mutex_unlock(&mutex);
		if (i % 64 == 0)
			syscall(SYS_futex, &count, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread[THREADS];
	static int never;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, storm, NULL))
			errx(1, "pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
#ifdef LOST
	syscall(SYS_futex, &never, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
#endif
	return count != 50L * THREADS * ROUNDS || never;
}
