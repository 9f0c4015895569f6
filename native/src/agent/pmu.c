// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * NMIs from the hardware PMU: an event of CPU cycles on each CPU that overflows at a rate, as the kernel's selftests make them.
 * Nothing reads the samples. Exit status: 0 the events were open for that time, 3 this machine has no such event.
 *
 * Written without a machine that has a PMU: untested.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define CPUS_MAX	4096
#define RATE_MAX	10000
#define SECONDS_MAX	3600

int pmu_storm(const char *rate, const char *seconds)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.sample_freq = strtoul(rate, NULL, 10),
		.freq = 1,
		.pinned = 1,
	};
	struct timespec time = { strtoul(seconds, NULL, 10), 0 };
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int open_events = 0;
	int error = 0;

	if (!attr.sample_freq || attr.sample_freq > RATE_MAX || time.tv_sec < 1 || time.tv_sec > SECONDS_MAX) {
		fprintf(stderr, "ksplat-agent: --pmu RATE SECONDS: up to %d a second, for up to %d s\n", RATE_MAX, SECONDS_MAX);
		return 2;
	}
	for (long cpu = 0; cpu < cpus && cpu < CPUS_MAX; cpu++) {
		if (syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC) >= 0)
			open_events++;
		else if (errno != ENODEV)
			error = errno;
	}
	if (!open_events) {
		fprintf(stderr, "ksplat-agent: perf_event_open of CPU cycles: %s\n", strerror(error ? error : ENODEV));
		return 3;
	}
	/* Closed with the process. */
	nanosleep(&time, NULL);
	return 0;
}
