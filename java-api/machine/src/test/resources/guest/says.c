// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Prints what lockdep would: says stdout|stderr|kmsg. Or ends badly: says crash, says fail. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const report[] = {
	"============================================",
	"WARNING: possible recursive locking detected",
	"6.10.0 #1 Tainted: G        W",
	"--------------------------------------------",
	"repro/745 is trying to acquire lock:",
	"ffffc90004f1a0d8 (&rb->spinlock){-.-.}-{2:2}, at: __bpf_ringbuf_reserve+0x386/0x460",
	"",
	"but task is already holding lock:",
	"ffffc900018360d8 (&rb->spinlock){-.-.}-{2:2}, at: __bpf_ringbuf_reserve+0x386/0x460",
	" *** DEADLOCK ***",
};

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int fd = STDOUT_FILENO;
	char line[256];

	if (!strcmp(how, "crash"))
		*(volatile int *)0 = 1;
	if (!strcmp(how, "fail"))
		return 3;
	if (!strcmp(how, "stderr"))
		fd = STDERR_FILENO;
	if (!strcmp(how, "kmsg"))
		fd = open("/dev/kmsg", O_WRONLY);
	for (unsigned int i = 0; i < sizeof(report) / sizeof(*report); i++) {
		int n = snprintf(line, sizeof(line), "%s%s\n", strcmp(how, "kmsg") ? "" : "<4>", report[i]);

		if (write(fd, line, n) != n)
			return 1;
	}
	return 0;
}
