// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Compares ksplat-tsc with a measurement over a longer time and in another way. */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#include "../test/check.h"

static uint64_t raw_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static double said_khz(const char *build)
{
	char command[512];
	double khz = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "%s/ksplat-tsc", build);
	pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%lf", &khz) != 1)
		khz = 0;
	if (pipe)
		pclose(pipe);
	return khz;
}

int main(int argc, char **argv)
{
	const struct timespec while_ = { 0, 500000000 };
	const char *build = argc > 1 ? argv[1] : "build";
	uint64_t ns = raw_ns(), tsc = __rdtsc();
	double expected, first, second;

	nanosleep(&while_, NULL);
	tsc = __rdtsc() - tsc;
	ns = raw_ns() - ns;
	expected = (double)tsc * 1e6 / (double)ns;
	first = said_khz(build);
	second = said_khz(build);
	CHECK(first > expected * 0.9995 && first < expected * 1.0005, "said %.0f, measured %.0f kHz", first, expected);
	CHECK(second > first * 0.9995 && second < first * 1.0005, "said %.0f, then %.0f kHz", first, second);
	return summary();
}
