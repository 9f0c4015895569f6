// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: reaches=io_nop:256 expect=inconclusive
#define UNANSWERED
#include "uring.c"
