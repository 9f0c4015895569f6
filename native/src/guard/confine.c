// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"

/*
 * The kernel's UAPI (include/uapi/linux/landlock.h): the distribution's headers may know less than the running kernel. The numbers of
 * the system calls are the same on every architecture.
 */
#define CREATE_RULESET		444
#define ADD_RULE		445
#define RESTRICT_SELF		446

#define RULESET_VERSION		(1u << 0)
#define RULE_PATH_BENEATH	1

#define FS_EXECUTE		(1ull << 0)
#define FS_WRITE_FILE		(1ull << 1)
#define FS_READ_FILE		(1ull << 2)
#define FS_READ_DIR		(1ull << 3)
#define FS_REMOVE_FILE		(1ull << 5)
#define FS_MAKE_REG		(1ull << 8)
#define FS_MAKE_SOCK		(1ull << 9)
#define FS_ABI_1		((1ull << 13) - 1)
#define FS_REFER		(1ull << 13)
#define FS_TRUNCATE		(1ull << 14)
#define FS_IOCTL_DEV		(1ull << 15)
#define FS_RESOLVE_UNIX		(1ull << 16)
#define NET_TCP			3ull
#define SCOPES			3ull

/* Those that a rule for something that is no folder may have. */
#define FS_OF_FILES		(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV | FS_RESOLVE_UNIX)

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

/* Where the host's services have their sockets. */
#define RUN	"/run"

/* Whoever may read a program may run it: it gets no more rights, and copying it would do as well. */
#define READ	(FS_READ_FILE | FS_READ_DIR | FS_EXECUTE)
#define WRITE	(READ | FS_WRITE_FILE | FS_TRUNCATE | FS_REMOVE_FILE | FS_MAKE_REG | FS_MAKE_SOCK | FS_RESOLVE_UNIX)

static const struct {
	const char *path;
	uint64_t access;
} everybodys[] = {
	{ "/usr", READ }, { "/bin", READ }, { "/sbin", READ }, { "/lib", READ }, { "/lib32", READ }, { "/lib64", READ },
	{ "/libx32", READ }, { "/nix/store", READ }, { "/gnu/store", READ }, { "/etc/alternatives", READ },
	{ "/etc/ld.so.cache", READ }, { "/etc/ld.so.preload", READ }, { "/etc/localtime", READ },
	/* The child's own: it keeps its pid. */
	{ "/proc/self", READ }, { "/proc/cpuinfo", READ }, { "/proc/meminfo", READ }, { "/proc/filesystems", READ },
	{ "/proc/sys/vm", READ },
	{ "/sys/devices/system", READ }, { "/sys/kernel/mm", READ }, { "/sys/module/kvm", READ },
	{ "/sys/module/kvm_intel", READ }, { "/sys/module/kvm_amd", READ },
	{ "/dev/null", READ | FS_WRITE_FILE }, { "/dev/zero", READ }, { "/dev/random", READ }, { "/dev/urandom", READ },
	{ "/dev/kvm", FS_READ_FILE | FS_WRITE_FILE | FS_IOCTL_DEV },
};

int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	const unsigned long secure = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
				     SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
				     SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

	/* Both fail without CAP_SETPCAP, and matter to root alone, who gains capabilities by running a program. */
	prctl(PR_SET_SECUREBITS, secure, 0, 0, 0);
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	/* Takes the ambient ones along: they are never more than the permitted ones. */
	return syscall(SYS_capset, &header, none);
}

static bool in_run(const char *path)
{
	char real[PATH_MAX];

	return realpath(path, real) && !strncmp(real, RUN, strlen(RUN)) && (!real[strlen(RUN)] || real[strlen(RUN)] == '/');
}

void hide_sockets(const struct reach *reach, const char *command)
{
	if ((!reach->reads && !reach->writes) || in_run(command))
		return;
	for (int i = 0; i < reach->reads; i++) {
		if (in_run(reach->readable[i]))
			return;
	}
	for (int i = 0; i < reach->writes; i++) {
		if (in_run(reach->writable[i]))
			return;
	}
	if (!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		mount("none", RUN, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "size=4k,mode=555");
}

static int allow(int ruleset, uint64_t handled, const char *path, uint64_t access)
{
	struct path_beneath_attr rule = { .allowed_access = access & handled };
	struct stat st;
	int result;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	/* COMMAND cannot open it either, and says so if it needs it. */
	if (rule.parent_fd < 0)
		return 0;
	result = fstat(rule.parent_fd, &st);
	if (!result) {
		if (!S_ISDIR(st.st_mode))
			rule.allowed_access &= FS_OF_FILES;
		result = syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0);
	}
	close(rule.parent_fd);
	return result;
}

static int allow_all(int ruleset, uint64_t handled, const struct reach *reach, const char *command)
{
	for (size_t i = 0; i < sizeof(everybodys) / sizeof(everybodys[0]); i++) {
		if (allow(ruleset, handled, everybodys[i].path, everybodys[i].access))
			return -1;
	}
	if (strchr(command, '/') && allow(ruleset, handled, command, READ))
		return -1;
	for (int i = 0; i < reach->reads; i++) {
		if (allow(ruleset, handled, reach->readable[i], READ))
			return -1;
	}
	for (int i = 0; i < reach->writes; i++) {
		if (allow(ruleset, handled, reach->writable[i], WRITE | FS_REFER))
			return -1;
	}
	return 0;
}

int confine(const struct reach *reach, const char *command)
{
	struct ruleset_attr attr = { .handled_access_fs = FS_ABI_1 };
	size_t size = sizeof(attr.handled_access_fs);
	int ruleset, result, abi, error;

	if (!reach->reads && !reach->writes)
		return 0;
	abi = syscall(CREATE_RULESET, NULL, 0, RULESET_VERSION);
	if (abi < 1)
		return 0;
	/* Each version of the interface refuses what only a later one knows. */
	if (abi >= 2)
		attr.handled_access_fs |= FS_REFER;
	if (abi >= 3)
		attr.handled_access_fs |= FS_TRUNCATE;
	if (abi >= 4) {
		attr.handled_access_net = NET_TCP;
		size = offsetof(struct ruleset_attr, scoped);
	}
	if (abi >= 5)
		attr.handled_access_fs |= FS_IOCTL_DEV;
	if (abi >= 6) {
		attr.scoped = SCOPES;
		size = sizeof(attr);
	}
	if (abi >= 9)
		attr.handled_access_fs |= FS_RESOLVE_UNIX;
	ruleset = syscall(CREATE_RULESET, &attr, size, 0);
	if (ruleset < 0)
		return -1;
	result = allow_all(ruleset, attr.handled_access_fs, reach, command);
	if (!result)
		result = syscall(RESTRICT_SELF, ruleset, 0);
	error = errno;
	close(ruleset);
	errno = error;
	return result;
}
