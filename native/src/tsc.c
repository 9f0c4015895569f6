// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ksplat-tsc: prints the host's TSC frequency in kHz.
 *
 * A microvm under TCG gives its guest the host's TSC, and the guest has nothing to calibrate it against: it needs
 * tsc_early_khz= on its command line. CPUID leaf 0x15 has the exact frequency if it has that of the crystal (Intel SDM,
 * 18.7.3). It is not trusted under a hypervisor, which may scale the TSC, or if a measurement disagrees. Leaf 0x16 has only
 * marketing megahertz and is not used.
 */
#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#define SAMPLES		9
#define SAMPLE_NS	6000000
#define TRIES		16
/* CPUID leaf 1, ECX. */
#define HYPERVISOR	(1u << 31)

struct reading {
	uint64_t ns;
	uint64_t tsc;
};

static uint64_t raw_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Returns the try with the least time between its two reads of the TSC: the others were interrupted. */
static struct reading look(void)
{
	struct reading best = { 0, 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc();
		uint64_t ns = raw_ns();
		uint64_t after = __rdtsc();

		if (after - before < least) {
			least = after - before;
			best.ns = ns;
			best.tsc = before + (after - before) / 2;
		}
	}
	return best;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double measured_khz(void)
{
	double khz[SAMPLES];

	for (int i = 0; i < SAMPLES; i++) {
		const struct timespec pause = { 0, SAMPLE_NS };
		struct reading from = look(), to;

		nanosleep(&pause, NULL);
		to = look();
		khz[i] = (double)(to.tsc - from.tsc) * 1e6 / (double)(to.ns - from.ns);
	}
	qsort(khz, SAMPLES, sizeof(khz[0]), ascending);
	return khz[SAMPLES / 2];
}

static double cpuid_khz(void)
{
	unsigned int denominator, numerator, crystal, d, a, b, c;

	if (!__get_cpuid(1, &a, &b, &c, &d) || c & HYPERVISOR)
		return 0;
	if (!__get_cpuid(0x15, &denominator, &numerator, &crystal, &d))
		return 0;
	if (!denominator || !numerator || !crystal)
		return 0;
	return (double)crystal * numerator / denominator / 1000;
}

int main(void)
{
	double measured = measured_khz();
	double exact = cpuid_khz();
	double khz = exact && exact > measured * 0.999 && exact < measured * 1.001 ? exact : measured;

	if (khz < 1000) {
		fprintf(stderr, "ksplat-tsc: measured %.0f kHz: this host's TSC does not count time\n", khz);
		return 1;
	}
	printf("%.0f\n", khz);
	return 0;
}
