// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A program that needs nothing of a kernel; the scripted target says what its globals hold. */
#define SEC(name) __attribute__((section(name), used))

char LICENSE[] SEC("license") = "GPL";

int result = 0;
int dropped = 0;

SEC("syscall")
int run(void *ctx)
{
	result = -35;
	return dropped;
}
