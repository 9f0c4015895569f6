// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cflags=-pthread cpus=4 reaches=htab_map_update_elem:2000 expect=inconclusive
#define FEW
#include "map_storm.c"
