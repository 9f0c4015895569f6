// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What PID 1 owes its machine: file systems, a console, settings, the port; and a clear end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define MODULES "/modules"

static const struct {
	const char *type;
	const char *at;
	const char *options;
	/* An ordinary kernel may lack it. What needs it then fails with a message of its own. */
	bool optional;
} mounts[] = {
	{ "devtmpfs", "/dev", NULL, false },
	{ "proc", "/proc", NULL, false },
	{ "sysfs", "/sys", NULL, false },
	{ "tmpfs", "/tmp", NULL, false },
	{ "cgroup2", "/sys/fs/cgroup", NULL, true },
	{ "bpf", "/sys/fs/bpf", NULL, true },
	{ "debugfs", "/sys/kernel/debug", NULL, true },
	{ "tracefs", "/sys/kernel/tracing", NULL, true },
	/* What programs expect that were written for an ordinary system. */
	{ "tmpfs", "/run", "mode=755", true },
	{ "tmpfs", "/dev/shm", NULL, true },
	{ "devpts", "/dev/pts", "ptmxmode=666", true },
	{ "hugetlbfs", "/dev/hugepages", NULL, true },
};

/* As udev makes them: bash's <(...) and programs that open /dev/stdout need them. */
static const struct {
	const char *to;
	const char *at;
} links[] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
};

static struct {
	const char *path;
	const char *value;
	/* What was there, of a machine that lives on. */
	char before[32];
} settings[] = {
	/* The boot was quiet, for speed; from here on every line counts. */
	{ "/proc/sys/kernel/printk", "8", "" },
	/* A program under test may lower that: dmesg -n, sysctl --system. */
	{ "/sys/module/printk/parameters/ignore_loglevel", "Y", "" },
	{ "/proc/sys/kernel/kptr_restrict", "0", "" },
	{ "/proc/sys/kernel/perf_event_paranoid", "-1", "" },
	{ "/proc/sys/net/core/bpf_jit_enable", "1", "" },
	{ "/proc/sys/net/core/bpf_jit_kallsyms", "1", "" },
};

/* One write, so that the kernel's lines and this one do not mix. */
void die(const char *fmt, ...)
{
	char line[1024] = "ksplat-agent: ";
	size_t len = strlen(line);
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, args);
	va_end(args);
	if (n > 0)
		len += (size_t)n < sizeof(line) - len - 1 ? (size_t)n : sizeof(line) - len - 2;
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0 && own_machine)
		reboot(RB_POWER_OFF);
	if (!own_machine) {
		init_unset();
		_exit(1);
	}
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

/* The kernel opens /dev/console for PID 1 only if the initramfs has the node. */
static void open_console(void)
{
	int null, fd;

	null = open("/dev/null", O_RDWR);
	if (null < 0)
		die("open /dev/null: %s: does the kernel have CONFIG_DEVTMPFS?", strerror(errno));
	/* Even without a console, no other file may get the descriptors 0 to 2. */
	while (null < STDERR_FILENO) {
		fd = open("/dev/console", O_WRONLY | O_NOCTTY);
		if (fd < 0)
			fd = dup(null);
		if (fd < 0 || fd >= STDERR_FILENO)
			break;
	}
	dup2(null, STDIN_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

void init_machine(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		/* Those under /sys exist; a bare initramfs may lack the others. */
		mkdir(mounts[i].at, 0755);
		if (mount(mounts[i].type, mounts[i].at, mounts[i].type, 0, mounts[i].options) && errno != EBUSY &&
		    !mounts[i].optional)
			die("mount %s on %s: %s", mounts[i].type, mounts[i].at, strerror(errno));
		if (i == 0)
			open_console();
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i].to, links[i].at) && errno != EEXIST)
			die("link %s: %s", links[i].at, strerror(errno));
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* A kernel without a network has no lo: nothing is lost. */
	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

void init_settings(void)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		int fd = open(settings[i].path, O_RDWR | O_CLOEXEC);
		ssize_t n;

		if (fd < 0)
			continue;
		n = own_machine ? 0 : read(fd, settings[i].before, sizeof(settings[i].before) - 1);
		settings[i].before[n > 0 ? n : 0] = 0;
		if (pwrite(fd, settings[i].value, strlen(settings[i].value), 0) < 0)
			fprintf(stderr, "ksplat-agent: write %s to %s: %s\n", settings[i].value, settings[i].path,
				strerror(errno));
		close(fd);
	}
	if (own_machine)
		loopback_up();
}

/* Also at the very end, in whichever thread that is found: only system calls. */
void init_unset(void)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		size_t len = strlen(settings[i].before);
		int fd;

		if (!len)
			continue;
		fd = open(settings[i].path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (write(fd, settings[i].before, len) == (ssize_t)len)
			settings[i].before[0] = 0;
		close(fd);
	}
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_module(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 3 && !strcmp(entry->d_name + len - 3, ".ko");
}

/*
 * Some kernels (Debian's 6.1, and the flavours other than cloud) have virtio in modules. The host puts those that a
 * port needs into the initramfs. Their names give the order to load them in, because this resolves no dependencies.
 */
void init_modules(void)
{
	struct dirent **found;
	int n = scandir(MODULES, &found, is_module, by_name);

	for (int i = 0; i < n; i++) {
		char path[300];
		int fd;

		snprintf(path, sizeof(path), MODULES "/%s", found[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			die("load module %s: %s: is it this kernel's, and are those that it needs named before it?", path,
			    strerror(errno));
		close(fd);
		free(found[i]);
	}
	if (n >= 0)
		free(found);
}

static int try_port(const char *name)
{
	char path[300], found[64];
	struct dirent *entry;
	DIR *dir = opendir("/sys/class/virtio-ports");
	int port = -1;

	if (!dir)
		return -1;
	while (port < 0 && (entry = readdir(dir))) {
		ssize_t n;
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, found, sizeof(found) - 1);
		close(fd);
		if (n <= 0)
			continue;
		found[n] = 0;
		found[strcspn(found, "\n")] = 0;
		if (strcmp(found, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		port = open(path, O_RDWR | O_CLOEXEC);
	}
	closedir(dir);
	return port;
}

/*
 * The host announces a port, and then its name, perhaps after PID 1 has started. This polls each millisecond instead
 * of waiting for a uevent: devtmpfs raises no inotify event for nodes that the kernel makes, and the uevent of the
 * port comes before its name attribute is there.
 */
int init_open_port(const char *name, unsigned int timeout_ms)
{
	const struct timespec pause = { 0, 1000000 };
	struct timespec now;
	uint64_t deadline = 0, at;
	int port;

	for (;;) {
		port = try_port(name);
		if (port >= 0)
			return port;
		clock_gettime(CLOCK_MONOTONIC, &now);
		at = now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
		if (!deadline)
			deadline = at + timeout_ms;
		if (at > deadline)
			die("no virtio port named %s within %u ms: does the machine have a virtserialport of that name, and "
			    "the kernel CONFIG_VIRTIO_CONSOLE and virtio's transport, built in or in " MODULES "?", name, timeout_ms);
		nanosleep(&pause, NULL);
	}
}
