// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One thread per CPU counts in a page that the host reads from outside: see ../beat.h. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "agent.h"
#include "../beat.h"

static struct beat_page *page;

static void *beat(void *arg)
{
	struct beat_slot *slot = arg;
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	for (;;) {
		struct timespec now;

		clock_gettime(CLOCK_MONOTONIC, &now);
		__atomic_store_n(&slot->monotonic_ns, now.tv_sec * 1000000000ULL + now.tv_nsec, __ATOMIC_RELEASE);
		__atomic_store_n(&slot->beats, slot->beats + 1, __ATOMIC_RELEASE);
		/* After a stop of the machine, missed beats are not made up for. */
		if (now.tv_sec > at.tv_sec + 1)
			at = now;
		at.tv_nsec += BEAT_PERIOD_NS;
		if (at.tv_nsec >= 1000000000) {
			at.tv_nsec -= 1000000000;
			at.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
	return NULL;
}

/*
 * The memory of a memory-mapped array map is vmalloc memory of the kernel, which is never swapped, moved or copied.
 * Pages of a process move, even locked ones: compaction migrates them.
 */
static struct beat_page *map_page(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	void *at;
	int fd;

	if (!own_machine) {
		/* Nobody can look in from outside: the host reads the descriptor as a file. */
		fd = memfd_create("ksplat-beat", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, BEAT_PAGE_BYTES) || dup3(fd, BEAT_FD, O_CLOEXEC) < 0)
			die("make the beat page: %s", strerror(errno));
		close(fd);
		at = mmap(NULL, BEAT_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, BEAT_FD, 0);
		if (at == MAP_FAILED)
			die("map the beat page: %s", strerror(errno));
		madvise(at, BEAT_PAGE_BYTES, MADV_DONTFORK);
		return at;
	}
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ksplat_beat", sizeof(uint32_t), BEAT_PAGE_BYTES, 1, &opts);
	if (fd < 0)
		die("make the beat page's BPF map: %s: does the kernel have CONFIG_BPF_SYSCALL?", strerror(errno));
	at = mmap(NULL, BEAT_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (at == MAP_FAILED)
		die("map the beat page: %s", strerror(errno));
	/* A child must not inherit the mapping: it would be a second writer. */
	madvise(at, BEAT_PAGE_BYTES, MADV_DONTFORK);
	close(fd);
	return at;
}

/* Prepares the attributes of a thread that stays on one CPU, ends by itself, and needs little memory. Destroy them after use. */
void pinned_thread(unsigned int cpu, pthread_attr_t *attr)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_attr_init(attr);
	pthread_attr_setstacksize(attr, 64 << 10);
	pthread_attr_setdetachstate(attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setaffinity_np(attr, sizeof(set), &set);
}

static void start_thread(unsigned int cpu, struct beat_slot *slot)
{
	const struct sched_param priority = { .sched_priority = 1 };
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pinned_thread(cpu, &attr);
	if (!test_mode) {
		pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
		pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
		pthread_attr_setschedparam(&attr, &priority);
	}
	error = pthread_create(&thread, &attr, beat, slot);
	pthread_attr_destroy(&attr);
	if (error)
		die("start the heart of CPU %u: %s", cpu, strerror(error));
}

void beat_start(void)
{
	cpu_set_t online;

	/* PID 1 may run on every CPU that is online. */
	if (sched_getaffinity(0, sizeof(online), &online))
		die("ask for the CPUs: %s", strerror(errno));
	page = map_page();
	page->version = BEAT_VERSION;
	page->slot_bytes = BEAT_SLOT_BYTES;
	page->slots_at = offsetof(struct beat_page, slot);
	page->period_ns = BEAT_PERIOD_NS;
	for (unsigned int cpu = 0; cpu < BEAT_MAX_CPUS; cpu++) {
		page->slot[cpu].cpu = cpu;
		if (!CPU_ISSET(cpu, &online))
			continue;
		page->slot[cpu].online = 1;
		page->cpus = cpu + 1;
		start_thread(cpu, &page->slot[cpu]);
	}
	__atomic_store_n(&page->magic, BEAT_MAGIC, __ATOMIC_RELEASE);
}

/* Writes the numbers of the CPUs whose hearts stand still for so long, each after a space. */
void beat_still(uint64_t ns, char *to, size_t size)
{
	struct timespec now;
	size_t len = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	to[0] = 0;
	for (unsigned int cpu = 0; page && cpu < page->cpus; cpu++) {
		uint64_t last = __atomic_load_n(&page->slot[cpu].monotonic_ns, __ATOMIC_ACQUIRE);
		int n;

		if (!last || last + ns > now.tv_sec * 1000000000ULL + now.tv_nsec)
			continue;
		n = snprintf(to + len, size - len, " %u", cpu);
		if (n < 0 || (size_t)n >= size - len)
			break;
		len += n;
	}
}

uint64_t beat_physical(void)
{
	static uint64_t physical;

	if (!own_machine)
		return 0;
	if (!physical)
		physical = physical_address(page);
	if (!physical)
		die("ask /proc/self/pagemap for the beat page: no physical address: does the kernel have "
		    "CONFIG_PROC_PAGE_MONITOR?");
	return physical;
}
