// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// A task that holds a lock for ever, in a system call that never ends, and another that sleeps for it.
//
//   hold_lock mutex FILE	reads with a file position that both share: file->f_pos_lock
//   hold_lock rwsem FILE	writes to the same file, each with a position of its own: inode->i_rwsem
//   hold_lock tty FILE	reads from a terminal where nobody types: ldata->atomic_read_lock, also without CONFIG_USERFAULTFD
#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

/* Memory that nobody brings as long as the caller lives; who wants it can be read from uffd. */
static char *missing_page(int uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || ioctl(uffd, UFFDIO_API, &api))
		err(1, "userfaultfd");
	range.range.start = (unsigned long)page;
	range.range.len = PAGE;
	if (ioctl(uffd, UFFDIO_REGISTER, &range))
		err(1, "UFFDIO_REGISTER");
	return page;
}

static int take(int reads, int file, char *buffer)
{
	return reads ? read(file, buffer, PAGE) < 0 : write(file, buffer, PAGE) < 0;
}

/* Until a task sleeps. */
static void await_sleep(pid_t pid)
{
	char path[64], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (state != 'S') {
		FILE *stat = fopen(path, "r");

		if (!stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
			err(1, "%s", path);
		fclose(stat);
		sched_yield();
	}
}

/* Who comes second waits for who came first. */
static int share_terminal(const char *path)
{
	int file = open(path, O_RDONLY | O_NOCTTY);
	char some[PAGE];
	pid_t waiter;

	if (file < 0)
		err(1, "%s", path);
	waiter = fork();
	if (waiter < 0)
		err(1, "fork");
	if (waiter) {
		prctl(PR_SET_NAME, "holder");
	} else {
		prctl(PR_SET_NAME, "waiter");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		await_sleep(getppid());
	}
	return take(1, file, some);
}

int main(int argc, char **argv)
{
	static char some[PAGE];
	struct pollfd held = { .events = POLLIN };
	int reads, file;
	char *missing;
	pid_t waiter;

	if (argc != 3)
		errx(2, "usage: hold_lock mutex|rwsem|tty FILE");
	if (!strcmp(argv[1], "tty"))
		return share_terminal(argv[2]);
	reads = !strcmp(argv[1], "mutex");
	held.fd = syscall(SYS_userfaultfd, O_NONBLOCK);
	if (held.fd < 0)
		err(1, "userfaultfd");
	missing = missing_page(held.fd);
	file = open(argv[2], O_RDWR | O_CREAT, 0644);
	if (file < 0 || write(file, some, PAGE) != PAGE || lseek(file, 0, SEEK_SET))
		err(1, "%s", argv[2]);
	waiter = fork();
	if (waiter < 0)
		err(1, "fork");
	if (waiter) {
		prctl(PR_SET_NAME, "holder");
		return take(reads, file, missing);
	}
	prctl(PR_SET_NAME, "waiter");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!reads)
		file = open(argv[2], O_RDWR);
	if (file < 0 || poll(&held, 1, -1) != 1 || held.revents != POLLIN)
		err(1, "wait for the holder");
	return take(reads, file, some);
}
