// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: reaches=__do_sys_vfork:100 expect=inconclusive
#define NEVER
#include "vfork_ends.c"
