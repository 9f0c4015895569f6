// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cflags=-pthread cpus=4 reaches=futex_wake:1000 expect=inconclusive
#define LOST
#include "futex_storm.c"
