// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: memory=512M reaches=oom_kill_process expect=inconclusive
#define ITSELF
#include "oom_child.c"
