// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: cflags=-pthread modules=fuse reaches=fuse_lookup expect=inconclusive
#define HANGS
#include "fuse_answers.c"
