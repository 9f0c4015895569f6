// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cflags=-pthread reaches=handle_userfault expect=inconclusive
#define LATE
#include "userfault.c"
