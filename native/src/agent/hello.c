// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the agent knows about its machine, and its own build. */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

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

extern const Elf64_Ehdr __ehdr_start;

/* The linker's build id: a digest of the whole program, the libraries that it contains included. */
static void build_id(char *to, size_t size)
{
	const uint8_t *base = (const uint8_t *)&__ehdr_start;
	const Elf64_Phdr *header = (const Elf64_Phdr *)(base + __ehdr_start.e_phoff);
	/* Addresses in the headers count from the first loaded segment, which holds the ELF header. */
	uint64_t bias = 0;

	*to = 0;
	for (int i = 0; i < __ehdr_start.e_phnum; i++) {
		if (header[i].p_type == PT_LOAD && !header[i].p_offset)
			bias = (uint64_t)base - header[i].p_vaddr;
	}
	for (int i = 0; i < __ehdr_start.e_phnum; i++) {
		const uint8_t *at = (const uint8_t *)(header[i].p_vaddr + bias);
		const uint8_t *end = at + header[i].p_memsz;

		if (header[i].p_type != PT_NOTE)
			continue;
		while (at + sizeof(Elf64_Nhdr) < end) {
			const Elf64_Nhdr *note = (const Elf64_Nhdr *)at;
			const uint8_t *name = at + sizeof(*note);
			const uint8_t *desc = name + ((note->n_namesz + 3) & ~3u);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4)) {
				for (uint32_t j = 0; j < note->n_descsz && 2 * j + 2 < size; j++)
					sprintf(to + 2 * j, "%02x", desc[j]);
				return;
			}
			at = desc + ((note->n_descsz + 3) & ~3u);
		}
	}
}

void hello_send(uint32_t id)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Hello) hello = KSPLAT__AGENT__HELLO__INIT;
	struct utsname name;
	char digest[64];
	bool locks = false;

	uname(&name);
	build_id(digest, sizeof(digest));
	hello.release = name.release;
	hello.version = name.version;
	hello.cpus = sysconf(_SC_NPROCESSORS_ONLN);
	hello.beat_page = beat_physical();
	hello.agent = digest;
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
