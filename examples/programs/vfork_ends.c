// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ksplat: reaches=__do_sys_vfork:100
/* A parent sleeps, killable, until its child calls exec or ends. With NEVER, the last child does neither. */
#include <err.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 100; i++) {
		pid_t child = vfork();

		if (child < 0)
			err(1, "vfork");
		if (!child) {
#ifdef NEVER
			if (i == 99)
				pause();
#endif
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	return 0;
}
