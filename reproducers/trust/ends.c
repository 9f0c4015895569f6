// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// A workload that does no work: it crashes, or lacks what it needs and says so.
#include <stdlib.h>

int main(int argc, char **argv)
{
	if (argc > 1)
		return atoi(argv[1]);
	*(volatile int *)0 = 1;
	return 0;
}
