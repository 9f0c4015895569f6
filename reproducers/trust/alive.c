// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Tasks that are busy, that are slow, that sleep for a good reason, or that say something untrue. None of them is in a deadlock.
#include <arpa/inet.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <netinet/in.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include "tasks.h"

#define LONG 4.0

static int file, group, pipes[2];
static double until;

/* Sleeps that may last for ever. */

static void read_pipe(void)
{
	char byte;

	read(pipes[0], &byte, 1);
}

static void pipe_reader(void)
{
	if (pipe(pipes))
		err(1, "pipe");
	await_state(start("reader", read_pipe), "S", NULL);
}

static void open_fifo(void)
{
	open("/tmp/fifo", O_RDONLY);
}

static void fifo(void)
{
	if (mkfifo("/tmp/fifo", 0600))
		err(1, "mkfifo");
	await_state(start("reader", open_fifo), "S", NULL);
}

static void take_flock(void)
{
	flock(open("/tmp/file", O_RDWR), LOCK_EX);
}

static void flock_waiter(void)
{
	file = file_of("/tmp/file");
	if (flock(file, LOCK_EX))
		err(1, "flock");
	await_state(start("waiter", take_flock), "S", NULL);
}

static void wait_futex(void)
{
	static int word;

	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void futex(void)
{
	await_state(start("waiter", wait_futex), "S", NULL);
}

static void stopped(void)
{
	pid_t pid = start("stopped", pause_for_ever);

	kill(pid, SIGSTOP);
	await_state(pid, "T", NULL);
}

static void traced(void)
{
	pid_t pid = start("traced", pause_for_ever);

	if (ptrace(PTRACE_ATTACH, pid, 0, 0))
		err(1, "PTRACE_ATTACH");
	waitpid(pid, NULL, __WALL);
}

static void nothing(void)
{
}

static void zombie(void)
{
	siginfo_t info;

	waitid(P_PID, start("zombie", nothing), &info, WEXITED | WNOWAIT);
}

static bool is_frozen(void)
{
	char events[128] = "";
	int fd = open("/sys/fs/cgroup/frozen/cgroup.events", O_RDONLY);

	if (fd < 0 || read(fd, events, sizeof(events) - 1) < 0)
		err(1, "cgroup.events");
	close(fd);
	return strstr(events, "frozen 1");
}

static void frozen(void)
{
	char text[16];
	pid_t pid = start("frozen", pause_for_ever);

	if (mkdir("/sys/fs/cgroup/frozen", 0755))
		err(1, "cgroup");
	snprintf(text, sizeof(text), "%d", pid);
	write_text("/sys/fs/cgroup/frozen/cgroup.procs", text);
	write_text("/sys/fs/cgroup/frozen/cgroup.freeze", "1");
	while (!is_frozen())
		sleep_ms(2);
}

static void read_terminal(void)
{
	char byte;
	int fd = open("/dev/ttyS0", O_RDONLY | O_NOCTTY);

	read(fd, &byte, 1);
}

/* The second waits for the mutex of the first, which waits for somebody to type. */
static void terminal(void)
{
	await_state(start("reader", read_terminal), "S", NULL);
	await_state(start("waiter", read_terminal), "SD", NULL);
}

static void vfork_and_sleep(void)
{
	if (!vfork()) {
		prctl(PR_SET_NAME, "child");
		pause_for_ever();
	}
}

/* A parent sleeps, killably, until its child is gone, which sleeps. */
static void vfork_parent(void)
{
	await_blocked(start("parent", vfork_and_sleep));
}

static void read_messages(void)
{
	char some[PAGE];

	while (read(file, some, sizeof(some)) > 0)
		;
}

/* Sleeps uninterruptibly, for file->f_pos_lock, as long as the other reader waits for the kernel to say something. */
static void log_readers(void)
{
	file = open("/proc/kmsg", O_RDONLY);
	if (file < 0)
		err(1, "/proc/kmsg");
	await_state(start("reader", read_messages), "S", "syslog");
	await_blocked(start("waiter", read_messages));
}

/* Sleeps that end. */

static void vfork_and_end(void)
{
	if (!vfork()) {
		sleep_ms(1000 * LONG);
		_exit(0);
	}
}

static void vfork_ends(void)
{
	await_exit(start("parent", vfork_and_end));
}

static struct missing missing;

static void write_missing(void)
{
	missing = missing_page();
	if (!fork()) {
		/* The descriptor is the parent's memory's. */
		sleep_ms(1000 * LONG);
		bring(&missing);
		_exit(0);
	}
	if (pwrite(file, missing.page, PAGE, 0) != PAGE)
		err(1, "write");
}

static void write_byte(void)
{
	if (pwrite(file, "b", 1, 0) != 1)
		err(1, "write");
}

/* The same as a deadlock, but somebody brings the page. */
static void slow_page(void)
{
	pid_t holder, waiter;

	file = file_of("/tmp/file");
	holder = start("holder", write_missing);
	await_state(holder, "SD", "userfault");
	waiter = start("waiter", write_byte);
	await_blocked(waiter);
	await_exit(holder);
	await_exit(waiter);
}

static void open_file(void)
{
	if (open("/tmp/file", O_RDONLY) < 0)
		err(1, "open");
}

/* Who is to say whether a file may be opened takes its time. */
static void fanotify_slow(void)
{
	struct fanotify_event_metadata event;
	struct fanotify_response answer = { .response = FAN_ALLOW };
	pid_t opener;

	file = file_of("/tmp/file");
	group = fanotify_init(FAN_CLASS_CONTENT, O_RDONLY);
	if (group < 0 || fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, "/tmp/file"))
		err(1, "fanotify");
	opener = start("opener", open_file);
	await_blocked(opener);
	sleep_ms(1000 * LONG);
	if (read(group, &event, sizeof(event)) != sizeof(event))
		err(1, "fanotify");
	answer.fd = event.fd;
	if (write(group, &answer, sizeof(answer)) != sizeof(answer))
		err(1, "fanotify");
	await_exit(opener);
}

static void until_time(void (*once)(void))
{
	until = seconds() + LONG;
	while (seconds() < until)
		once();
}

static void four_at_once(void (*run)(void))
{
	pid_t pids[4];

	for (int i = 0; i < 4; i++)
		pids[i] = start("one of many", run);
	for (int i = 0; i < 4; i++)
		await_exit(pids[i]);
}

static void grace_period(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		err(1, "membarrier");
}

/* synchronize_rcu() */
static void rcu(void)
{
	until_time(grace_period);
}

static void flush_once(void)
{
	char text[PAGE];
	int fd = open("/proc/sys/vm/stat_refresh", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text)) < 0)
		err(1, "stat_refresh");
	close(fd);
}

/* schedule_on_each_cpu() waits for a work item of each CPU. */
static void flush(void)
{
	until_time(flush_once);
}

static void new_namespace(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(unshare(CLONE_NEWNET) ? 1 : 0);
	await_exit(pid);
}

/* rtnl_mutex, and work items that wait for grace periods. */
static void namespaces(void)
{
	until_time(new_namespace);
}

static void position_once(void)
{
	static char some[16 * PAGE];

	lseek(file, 0, SEEK_SET);
	if (read(file, some, sizeof(some)) < 0)
		err(1, "read");
}

static void positions(void)
{
	until_time(position_once);
}

/* Four tasks take one mutex by turns: there is always one that waits for it. */
static void contended_mutex(void)
{
	file = file_of("/tmp/file");
	four_at_once(positions);
}

static void append_once(void)
{
	static const char some[16 * PAGE];

	if (pwrite(file, some, sizeof(some), 0) < 0)
		err(1, "write");
}

static void appends(void)
{
	until_time(append_once);
}

static void contended_rwsem(void)
{
	file = file_of("/tmp/file");
	four_at_once(appends);
}

static void *map_and_fault(void *unused)
{
	double end = seconds() + LONG;

	while (seconds() < end) {
		char *some = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (int i = 0; i < 8; i++)
			some[i * PAGE] = 1;
		munmap(some, 8 * PAGE);
	}
	return unused;
}

/* mmap_lock, and interrupts that flush the other CPU's translations. */
static void contended_mmap(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, map_and_fault, NULL))
			errx(1, "pthread_create");
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void *sleep_in_thread(void *unused)
{
	pause_for_ever();
	return unused;
}

/* Each exec waits until the other threads are gone. */
static void execs(void)
{
	until = seconds() + LONG;
	while (seconds() < until) {
		pid_t pid = fork();

		if (!pid) {
			char *argv[] = { "/proc/self/exe", "nothing", NULL };
			pthread_t thread;

			for (int i = 0; i < 3; i++)
				if (pthread_create(&thread, NULL, sleep_in_thread, NULL))
					_exit(1);
			execv(argv[0], argv);
			_exit(1);
		}
		await_exit(pid);
	}
}

static void cpu_away_and_back(void)
{
	for (int i = 0; i < 3; i++) {
		write_text("/sys/devices/system/cpu/cpu1/online", "0");
		sleep_ms(400);
		write_text("/sys/devices/system/cpu/cpu1/online", "1");
		sleep_ms(200);
	}
}

static void cpu_away(void)
{
	write_text("/sys/devices/system/cpu/cpu1/online", "0");
}

/* CPUs that are taken. */

static void compute(void)
{
	volatile unsigned long sum = 0;

	until = seconds() + LONG;
	while (seconds() < until)
		for (int i = 0; i < 100000; i++)
			sum += i;
}

static void read_zeroes(void)
{
	static char much[4 << 20];
	int zero = open("/dev/zero", O_RDONLY);

	until = seconds() + LONG;
	while (seconds() < until)
		if (read(zero, much, sizeof(much)) < 0)
			err(1, "/dev/zero");
}

static void on_each_cpu(int policy, void (*run)(void))
{
	volatile int *ready = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[2];

	for (int cpu = 0; cpu < 2; cpu++) {
		pids[cpu] = fork();
		if (!pids[cpu]) {
			struct sched_param most = { .sched_priority = policy == SCHED_OTHER ? 0 : 99 };

			on_cpu(cpu);
			__sync_fetch_and_add(ready, 1);
			while (*ready < 2)
				sleep_ms(1);
			if (sched_setscheduler(0, policy, &most))
				err(1, "sched_setscheduler");
			run();
			_exit(0);
		}
	}
	for (int cpu = 0; cpu < 2; cpu++)
		await_exit(pids[cpu]);
}

static void computing(void)
{
	on_each_cpu(SCHED_OTHER, compute);
}

/* Nothing else runs for as long: neither the agent nor the tasks of the kernel. */
static void starving(void)
{
	write_text("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	on_each_cpu(SCHED_FIFO, compute);
}

static void starving_in_kernel(void)
{
	write_text("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	on_each_cpu(SCHED_FIFO, read_zeroes);
}

static void read_slowly(void)
{
	on_cpu(1);
	while (true)
		position_once();
}

static void starve_cpu_1(void)
{
	struct sched_param most = { .sched_priority = 99 };

	on_cpu(1);
	if (sched_setscheduler(0, SCHED_FIFO, &most))
		err(1, "sched_setscheduler");
	compute();
}

static void read_beside(void)
{
	on_cpu(0);
	until_time(position_once);
}

/* Who has the mutex may be off its CPU for long, which is taken by one that matters more. */
static void inverted(void)
{
	pid_t reader, beside, starver;

	write_text("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	file = file_of("/tmp/file");
	reader = start("owner", read_slowly);
	beside = start("waiter", read_beside);
	sleep_ms(200);
	starver = start("starver", starve_cpu_1);
	await_exit(starver);
	await_exit(beside);
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);
}

static void barrier_once(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0))
		err(1, "membarrier");
}

static void barriers_of_one(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0))
		err(1, "membarrier");
	until_time(barrier_once);
}

/* Interrupts from each CPU to the other, waited for. */
static void barriers(void)
{
	on_each_cpu(SCHED_OTHER, barriers_of_one);
}

/* Words. */

static const char *const lies[] = {
	"============================================",
	"WARNING: possible recursive locking detected",
	"6.10.0-0c3836482481 #1 Tainted: G        W         ",
	"--------------------------------------------",
	"repro/745 is trying to acquire lock:",
	"ffffc90004f1a0d8 (&rb->spinlock){-.-.}-{2:2}, at: __bpf_ringbuf_reserve+0x386/0x460",
	"",
	"but task is already holding lock:",
	"ffffc900018360d8 (&rb->spinlock){-.-.}-{2:2}, at: __bpf_ringbuf_reserve+0x386/0x460",
	"",
	"other info that might help us debug this:",
	" Possible unsafe locking scenario:",
	"",
	"       CPU0",
	"       ----",
	"  lock(&rb->spinlock);",
	"  lock(&rb->spinlock);",
	"",
	" *** DEADLOCK ***",
	"",
	"watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [repro:745]",
	"rcu: INFO: rcu_sched self-detected stall on CPU",
	"rcu: \t0-....: (5249 ticks this GP) idle=9dc/1/0x4000000000000000 softirq=1234/1234 fqs=2625",
	"INFO: task repro:745 blocked for more than 120 seconds.",
};

#define LIES (sizeof(lies) / sizeof(*lies))

/* As the kernel's own lines look on a console. */
static void say(const char *path)
{
	int fd = open(path, O_WRONLY | O_NOCTTY);

	if (fd < 0)
		err(1, "%s", path);
	for (size_t i = 0; i < LIES; i++)
		dprintf(fd, "[  %3zu.%06zu] %s\n", 10 + i, i * 1000, lies[i]);
}

static void say_stdout(void)
{
	for (size_t i = 0; i < LIES; i++)
		printf("%s\n", lies[i]);
	fflush(stdout);
}

static void say_stderr(void)
{
	for (size_t i = 0; i < LIES; i++)
		fprintf(stderr, "[  %3zu.%06zu] %s\n", 10 + i, i * 1000, lies[i]);
}

static void say_console(void)
{
	say("/dev/console");
}

/* Each line is a record, with the priority of a warning. */
static void say_kmsg(void)
{
	int fd = open("/dev/kmsg", O_WRONLY);

	/* A writer that has much to say is cut off otherwise. */
	write_text("/proc/sys/kernel/printk_devkmsg", "on\n");
	if (fd < 0)
		err(1, "/dev/kmsg");
	for (size_t i = 0; i < LIES; i++) {
		char line[256];
		int n = snprintf(line, sizeof(line), "<4>%s\n", lies[i]);

		if (write(fd, line, n) != n)
			err(1, "/dev/kmsg");
	}
}

/* The kernel prints its tasks' names when it is asked for its tasks: for seconds, on a serial line. */
static void say_names(void)
{
	static const char *const names[] = { "*** DEADLOCK ***", "BUG: soft lock", "INFO: task hung" };

	write_text("/proc/sys/kernel/sysrq", "1");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		start(names[i], pause_for_ever);
	write_text("/proc/sysrq-trigger", "t");
}

static const struct test tests[] = {
	{ "pipe-reader", pipe_reader, false },
	{ "fifo", fifo, false },
	{ "flock", flock_waiter, false },
	{ "futex", futex, false },
	{ "stopped", stopped, false },
	{ "traced", traced, false },
	{ "zombie", zombie, false },
	{ "frozen", frozen, false },
	{ "terminal", terminal, false },
	{ "vfork-parent", vfork_parent, false },
	{ "log-readers", log_readers, false },
	{ "cpu-away", cpu_away, false },
	{ "vfork-ends", vfork_ends, true },
	{ "slow-page", slow_page, true },
	{ "fanotify-slow", fanotify_slow, true },
	{ "rcu", rcu, true },
	{ "flush", flush, true },
	{ "namespaces", namespaces, true },
	{ "contended-mutex", contended_mutex, true },
	{ "contended-rwsem", contended_rwsem, true },
	{ "contended-mmap", contended_mmap, true },
	{ "execs", execs, true },
	{ "cpu-away-and-back", cpu_away_and_back, true },
	{ "computing", computing, true },
	{ "starving", starving, true },
	{ "starving-in-kernel", starving_in_kernel, true },
	{ "inverted", inverted, true },
	{ "barriers", barriers, true },
	{ "says-stdout", say_stdout, true },
	{ "says-stderr", say_stderr, true },
	{ "says-console", say_console, true },
	{ "says-kmsg", say_kmsg, true },
	{ "says-names", say_names, true },
};

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: alive NAME");
	/* What is executed by one of them. */
	if (!strcmp(argv[1], "nothing"))
		return 0;
	return run_named(tests, sizeof(tests) / sizeof(*tests), argv[1]);
}
