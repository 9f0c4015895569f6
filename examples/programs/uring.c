// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: reaches=io_nop:256
/* Submits 256 empty operations and reaps them. With UNANSWERED, waits for one more than it submitted. */
#include <err.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 64
#define ROUNDS 4

int main(void)
{
	struct io_uring_params params = { 0 };
	int fd = syscall(SYS_io_uring_setup, ENTRIES, &params);
	struct io_uring_sqe *entries;
	unsigned *tail, *array, *reaped, mask, more = 0;
	char *ring;

	if (fd < 0)
		err(1, "io_uring_setup");
	ring = mmap(NULL, params.sq_off.array + ENTRIES * sizeof(unsigned), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	entries = mmap(NULL, ENTRIES * sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		       IORING_OFF_SQES);
	reaped = mmap(NULL, params.cq_off.cqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_CQ_RING);
	if (reaped == MAP_FAILED)
		err(1, "mmap");
	reaped += params.cq_off.head / sizeof(*reaped);
	if (ring == MAP_FAILED || entries == MAP_FAILED)
		err(1, "mmap");
	tail = (unsigned *)(ring + params.sq_off.tail);
	array = (unsigned *)(ring + params.sq_off.array);
	mask = *(unsigned *)(ring + params.sq_off.ring_mask);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < ENTRIES; i++) {
			unsigned at = (*tail + i) & mask;

			entries[at] = (struct io_uring_sqe){ .opcode = IORING_OP_NOP };
			array[at] = at;
		}
		__atomic_store_n(tail, *tail + ENTRIES, __ATOMIC_RELEASE);
#ifdef UNANSWERED
		more = round + 1 == ROUNDS;
#endif
		if (syscall(SYS_io_uring_enter, fd, ENTRIES, ENTRIES + more, IORING_ENTER_GETEVENTS, NULL, 0) != ENTRIES)
			err(1, "io_uring_enter");
		__atomic_store_n(reaped, *reaped + ENTRIES, __ATOMIC_RELEASE);
	}
	return 0;
}
