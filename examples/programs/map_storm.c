// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cflags=-pthread cpus=4 reaches=htab_map_update_elem:2000
/* Four threads update and delete elements of one hash map. With FEW, they do so too rarely to mean anything. */
#include <err.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS 4
#ifdef FEW
#define ROUNDS 10
#else
#define ROUNDS 2000
#endif

static int map;

static void *storm(void *unused)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t key = i % 16;
		union bpf_attr element = { .map_fd = map, .key = (uintptr_t)&key, .value = (uintptr_t)&i };

		if (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &element, sizeof(element)))
			err(1, "update");
		element.value = 0;
		if (syscall(SYS_bpf, BPF_MAP_DELETE_ELEM, &element, sizeof(element)) && errno != ENOENT)
			err(1, "delete");
	}
	return NULL;
}

int main(void)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 64
	};
	pthread_t thread[THREADS];

	map = syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));
	if (map < 0)
		err(1, "create");
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, storm, NULL))
			errx(1, "pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
