// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cpus=2 reaches=cgroup_mkdir:200 expect=inconclusive
#define FROZEN
#include "cgroup_storm.c"
