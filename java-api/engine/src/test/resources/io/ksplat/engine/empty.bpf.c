// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A program that needs nothing of a kernel: the scripted target refuses it, or has no BPF at all. */
#define SEC(name) __attribute__((section(name), used))
char LICENSE[] SEC("license") = "GPL";
SEC("syscall") int run(void *ctx) { return 0; }
