// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tells the host about the machine and about the agent's own build. */
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "agent.h"

/*
 * _text stands early in /proc/kallsyms, after the absolute per-CPU symbols, which older kernels sort first. The whole
 * file is 10 MB and is formatted line by line: reading it takes seconds under TCG.
 */
#define KALLSYMS_LIMIT (256u << 10)

static uint64_t kernel_text(void)
{
	char line[512];
	uint64_t text = 0;
	size_t seen = 0;
	FILE *file = fopen("/proc/kallsyms", "re");

	if (!file)
		return 0;
	while (seen < KALLSYMS_LIMIT && fgets(line, sizeof(line), file)) {
		char name[256], type;
		unsigned long long address;

		seen += strlen(line);
		if (sscanf(line, "%llx %c %255s", &address, &type, name) == 3 && !strcmp(name, "_text")) {
			text = address;
			break;
		}
	}
	fclose(file);
	return text;
}

/* The file ends with this line; on kernels without lockdep there is no file. */
static bool debug_locks(bool *on)
{
	char line[256];
	bool found = false;
	FILE *file = fopen("/proc/lockdep_stats", "re");

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		unsigned int value;

		if (sscanf(line, " debug_locks: %u", &value) == 1) {
			*on = value;
			found = true;
		}
	}
	fclose(file);
	return found;
}

/* Reads a list such as "0-1,3". Without CONFIG_NUMA there is none, and one node. */
static uint32_t nodes_online(void)
{
	FILE *file = fopen("/sys/devices/system/node/online", "re");
	unsigned int from, to;
	uint32_t nodes = 0;

	if (!file)
		return 1;
	while (fscanf(file, "%u", &from) == 1) {
		to = from;
		if (fscanf(file, "-%u", &to) == EOF)
			to = from;
		nodes += to - from + 1;
		if (fgetc(file) != ',')
			break;
	}
	fclose(file);
	return nodes;
}

struct digest {
	char text[64];
};

static void take_build_id(struct digest *digest, const uint8_t *at, const uint8_t *end)
{
	while (at + sizeof(Elf64_Nhdr) < end) {
		const Elf64_Nhdr *note = (const Elf64_Nhdr *)at;
		const uint8_t *name = at + sizeof(*note);
		const uint8_t *desc = name + ((note->n_namesz + 3) & ~3u);

		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4)) {
			for (uint32_t i = 0; i < note->n_descsz && 2 * i + 2 < sizeof(digest->text); i++)
				sprintf(digest->text + 2 * i, "%02x", desc[i]);
		}
		at = desc + ((note->n_descsz + 3) & ~3u);
	}
}

static int look_for_build_id(struct dl_phdr_info *info, size_t size, void *digest)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *header = &info->dlpi_phdr[i];
		const uint8_t *at = (const uint8_t *)(info->dlpi_addr + header->p_vaddr);

		if (header->p_type == PT_NOTE)
			take_build_id(digest, at, at + header->p_memsz);
	}
	/* The program itself comes first, and no library's id is wanted. */
	return 1;
}

void hello_send(uint32_t id)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Hello) hello = KSPLAT__AGENT__HELLO__INIT;
	struct utsname name;
	/* The linker's build id. It covers the whole program, including its static libraries. */
	struct digest digest = { "" };
	char libbpf[32];
	bool locks = false;

	uname(&name);
	dl_iterate_phdr(look_for_build_id, &digest);
	hello.release = name.release;
	hello.version = name.version;
	hello.cpus = sysconf(_SC_NPROCESSORS_ONLN);
	hello.nodes = nodes_online();
	hello.beat_page = beat_physical();
	hello.agent = digest.text;
	snprintf(libbpf, sizeof(libbpf), "%u.%u", libbpf_major_version(), libbpf_minor_version());
	hello.libbpf = libbpf;
	hello.has_btf = !access("/sys/kernel/btf/vmlinux", R_OK);
	if (!test_mode) {
		hello.text = kernel_text();
		if (debug_locks(&locks))
			hello.has_debug_locks_case = KSPLAT__AGENT__HELLO__HAS_DEBUG_LOCKS_DEBUG_LOCKS;
		hello.debug_locks = locks;
	}
	response.id = id;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_HELLO;
	response.hello = &hello;
	channel_send(&response);
}
