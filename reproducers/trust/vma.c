// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Reads the iterator over memory. With "writes" another of its threads changes its own meanwhile.
#include <linux/bpf.h>

#include "tasks.h"

static int bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

/* There is only one. */
static int iterator(void)
{
	union bpf_attr next = { .start_id = 0 };

	while (!bpf(BPF_LINK_GET_NEXT_ID, &next)) {
		union bpf_attr open = { .link_id = next.next_id }, ask = {}, create = {};
		struct bpf_link_info info = {};
		int fd = bpf(BPF_LINK_GET_FD_BY_ID, &open);

		ask.info.bpf_fd = fd;
		ask.info.info_len = sizeof(info);
		ask.info.info = (unsigned long)&info;
		create.iter_create.link_fd = fd;
		if (fd >= 0 && !bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) && info.type == BPF_LINK_TYPE_ITER)
			return bpf(BPF_ITER_CREATE, &create);
		close(fd);
		next.start_id = next.next_id;
	}
	errx(1, "there is no iterator");
}

static void *change_memory(void *unused)
{
	prctl(PR_SET_NAME, "writer");
	while (true)
		munmap(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE);
	return unused;
}

int main(int argc, char **argv)
{
	int fd = iterator();
	pthread_t thread;
	char some[64];

	if (fd < 0)
		err(1, "BPF_ITER_CREATE");
	on_cpu(0);
	if (argc > 1 && !strcmp(argv[1], "writes") && pthread_create(&thread, NULL, change_memory, NULL))
		errx(1, "pthread_create");
	prctl(PR_SET_NAME, "reader");
	on_cpu(1);
	if (read(fd, some, sizeof(some)) < 0)
		err(1, "read");
	return 0;
}
