// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vmlinux.h"

int first(void)
{
	return no_such_thing;
}
