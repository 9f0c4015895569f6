// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Tasks that sleep uninterruptibly or killably.
//
//	sleepers vfork	a parent of vfork() whose child takes its time
#include <err.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "vfork"))
		errx(2, "usage: sleepers vfork");
	switch (vfork()) {
	case -1:
		err(1, "vfork");
	case 0:
		pause();
		_exit(0);
	default:
		return 0;
	}
}
