// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The disks that the host gives a machine: a root file system with a layer in memory over it, and the kernel's modules.
 * Each is known by its serial number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent.h"

#define ROOT_SERIAL	"ksplat-root"
#define MODULES_SERIAL	"ksplat-modules"

/* In the initramfs: a busybox, if the host gives the kernel's modules. */
#define OWN_MODPROBE	"/modprobe"
/* It stays reachable there, whatever the root is. busybox takes the last part of its name for what it is to be. */
#define MODPROBE	"/run/modprobe"

/* More than enough, in the order of their names. */
#define LAST_DISK	'z'

static bool find_disk(const char *serial, char *device, size_t size)
{
	char path[64], found[32];

	for (char c = 'a'; c <= LAST_DISK; c++) {
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "/sys/block/vd%c/serial", c);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return false;
		n = read(fd, found, sizeof(found) - 1);
		close(fd);
		found[n < 0 ? 0 : n] = 0;
		found[strcspn(found, "\n")] = 0;
		if (!strcmp(found, serial)) {
			snprintf(device, size, "/dev/vd%c", c);
			return true;
		}
	}
	return false;
}

static void must_mount(const char *what, const char *at, const char *type, unsigned long flags, const char *options)
{
	if (mount(what, at, type, flags, options))
		die("mount %s on %s%s%s: %s", what, at, type ? " as " : "", type ? type : "", strerror(errno));
}

static void must_make(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		die("make directory %s: %s", path, strerror(errno));
}

static void mount_image(const char *device, const char *at)
{
	static const char *const types[] = { "squashfs", "erofs", "ext4" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!mount(device, at, types[i], MS_RDONLY, NULL))
			return;
	die("mount the root file system: %s: is it damaged, or not of squashfs, erofs or ext4?", strerror(errno));
}

/*
 * As switch_root(8). The kernel's own threads, which call modprobe, follow: they share the root directory of PID 1.
 */
static void change_root(const char *device)
{
	static const char *const moved[] = { "/dev", "/proc", "/sys", "/tmp", "/run" };

	must_make("/image");
	must_make("/layer");
	must_make("/new");
	mount_image(device, "/image");
	must_mount("tmpfs", "/layer", "tmpfs", 0, "mode=755");
	must_make("/layer/upper");
	must_make("/layer/work");
	must_mount("overlay", "/new", "overlay", 0, "lowerdir=/image,upperdir=/layer/upper,workdir=/layer/work");
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		char to[32];

		snprintf(to, sizeof(to), "/new%s", moved[i]);
		must_make(to);
		must_mount(moved[i], to, NULL, MS_MOVE, NULL);
	}
	if (chdir("/new"))
		die("go to the root file system: %s", strerror(errno));
	must_mount(".", "/", NULL, MS_MOVE, NULL);
	if (chroot(".") || chdir("/"))
		die("change to the root file system: %s", strerror(errno));
}

static void show_modprobe(void)
{
	int fd = open(MODPROBE, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	if (fd < 0)
		die("make %s: %s", MODPROBE, strerror(errno));
	close(fd);
	must_mount(OWN_MODPROBE, MODPROBE, NULL, MS_BIND, NULL);
}

static void offer_modules(const char *device)
{
	static const char setting[] = "/proc/sys/kernel/modprobe";
	char at[sizeof("/lib/modules/") + sizeof(((struct utsname *)0)->release)];
	struct utsname name;
	int fd;

	uname(&name);
	snprintf(at, sizeof(at), "/lib/modules/%s", name.release);
	must_make("/lib");
	must_make("/lib/modules");
	must_make(at);
	must_mount(device, at, "squashfs", MS_RDONLY, NULL);
	fd = open(setting, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, MODPROBE, strlen(MODPROBE)) < 0)
		die("write %s to %s: %s", MODPROBE, setting, strerror(errno));
	close(fd);
}

void disks_use(void)
{
	char modules[16], root[16];
	bool offered = find_disk(MODULES_SERIAL, modules, sizeof(modules));

	if (offered)
		show_modprobe();
	if (find_disk(ROOT_SERIAL, root, sizeof(root)))
		change_root(root);
	if (offered)
		offer_modules(modules);
}
