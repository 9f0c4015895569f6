/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The beat page: from it the host sees, from outside, which CPUs of a machine are alive.
 *
 * It is one 4096-byte page of guest memory that never moves; Hello.beat_page is its physical address. The host reads
 * it through QMP without the guest's help. All numbers are little-endian (the guest is x86-64).
 *
 *	byte 0	u64 magic	the bytes "ksplbeat"; written last: a page without it is not ready
 *	     8	u32 version	1
 *	    12	u32 cpus	slots in use: the highest CPU that was online at start, plus one; at most 63
 *	    16	u32 slot_bytes	64
 *	    20	u32 slots_at	64: the byte at which slot 0 begins
 *	    24	u64 period_ns	10,000,000: the time between two beats of a CPU
 *	    32	-		zero, up to byte 64
 *
 * Slot n is CPU n's, at slots_at + n * slot_bytes:
 *
 *	byte 0	u64 beats	rises by one each period, for as long as CPU n runs its SCHED_FIFO threads
 *	     8	u64 monotonic_ns  CLOCK_MONOTONIC of the guest at the last beat; written before beats
 *	    16	u32 cpu		n
 *	    20	u32 online	1 if a thread beats here; 0 if this CPU was offline at start and never beats
 *	    24	-		zero, up to byte 64
 *
 * A slot is a cache line of its own, written by one thread. beats and monotonic_ns are each written whole, but not
 * both at once: a reader may see the new time with the old count.
 */
#ifndef KSPLAT_BEAT_H
#define KSPLAT_BEAT_H

#include <stdint.h>

#define BEAT_MAGIC	0x746165626c70736bULL	/* "ksplbeat", little-endian */
#define BEAT_VERSION	1
#define BEAT_PAGE_BYTES	4096
#define BEAT_SLOT_BYTES	64
#define BEAT_MAX_CPUS	(BEAT_PAGE_BYTES / BEAT_SLOT_BYTES - 1)
#define BEAT_PERIOD_NS	10000000ULL
/* On a machine that nobody sees from outside, the page is the file /proc/self/fd/BEAT_FD of the agent. */
#define BEAT_FD		100

struct beat_slot {
	uint64_t beats;
	uint64_t monotonic_ns;
	uint32_t cpu;
	uint32_t online;
	uint8_t zero[40];
};

struct beat_page {
	uint64_t magic;
	uint32_t version;
	uint32_t cpus;
	uint32_t slot_bytes;
	uint32_t slots_at;
	uint64_t period_ns;
	uint8_t zero[32];
	struct beat_slot slot[BEAT_MAX_CPUS];
};

_Static_assert(sizeof(struct beat_slot) == BEAT_SLOT_BYTES, "a slot is a cache line");
_Static_assert(sizeof(struct beat_page) == BEAT_PAGE_BYTES, "the beat page is one page");
_Static_assert(__builtin_offsetof(struct beat_page, slot) == 64, "slots begin at byte 64");

#endif
