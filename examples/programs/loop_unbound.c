// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: modules=loop cpus=2 reaches=loop_configure:20 expect=inconclusive
#define UNBOUND
#include "loop_race.c"
