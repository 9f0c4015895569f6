// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Tasks of CPU 1 that wait for CPU 0, which is stuck by the time that they begin.
#include <linux/membarrier.h>

#include "tasks.h"

static int file;

static void grace_period(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static void flush_work(void)
{
	char text[PAGE];

	read(open("/proc/sys/vm/stat_refresh", O_RDONLY), text, sizeof(text));
}

static void take_cpu_away(void)
{
	write_text("/sys/devices/system/cpu/cpu1/online", "0");
}

/* NMIs come at once to CPU 0, but the tasks that they are to find there take a moment. */
static void let_it_be_stuck(void)
{
	on_cpu(1);
	sleep_ms(1200);
}

/* synchronize_rcu() */
static void rcu(void)
{
	let_it_be_stuck();
	await_blocked(start("waiter", grace_period));
}

/* schedule_on_each_cpu(): a work item of CPU 0's. */
static void flush(void)
{
	let_it_be_stuck();
	await_blocked(start("waiter", flush_work));
}

/* The second waits for cpu_hotplug_lock, which who waits for CPU 0's work item reads. */
static void hotplug(void)
{
	let_it_be_stuck();
	await_blocked(start("middle", flush_work));
	await_blocked(start("waiter", take_cpu_away));
}

static void read_on_cpu_0(void)
{
	char byte;

	on_cpu(0);
	read(file, &byte, 1);
}

static void read_on_cpu_1(void)
{
	char byte;

	on_cpu(1);
	read(file, &byte, 1);
}

static void write_on_cpu_0(void)
{
	on_cpu(0);
	pwrite(file, "a", 1, 0);
}

static void write_on_cpu_1(void)
{
	on_cpu(1);
	pwrite(file, "b", 1, 0);
}

/* The BPF program knows the owner by its name. The waiter polls as long as the owner is on its CPU. */
static void mutex(void)
{
	file = file_of("/tmp/file");
	start("owner", read_on_cpu_0);
	sleep_ms(200);
	start("waiter", read_on_cpu_1);
}

static void rwsem(void)
{
	file = file_of("/tmp/file");
	start("owner", write_on_cpu_0);
	sleep_ms(200);
	start("waiter", write_on_cpu_1);
}

/* NMIs from inside the machine, after a while: the kernel prints the stacks of the other CPUs. */
static void backtraces_later(void)
{
	sleep_ms(4000);
	on_cpu(1);
	for (int i = 0; i < 100; i++) {
		write_text("/proc/sysrq-trigger", "l");
		sleep_ms(50);
	}
}

static void later(void)
{
	write_text("/proc/sys/kernel/sysrq", "1");
	start("late", backtraces_later);
}

static const struct test tests[] = {
	{ "rcu-behind", rcu, false },
	{ "flush-behind", flush, false },
	{ "hotplug-behind", hotplug, false },
	{ "mutex-behind", mutex, false },
	{ "rwsem-behind", rwsem, false },
	{ "later", later, false },
};

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: behind NAME");
	return run_named(tests, sizeof(tests) / sizeof(*tests), argv[1]);
}
