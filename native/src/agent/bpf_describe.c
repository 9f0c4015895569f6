// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Describes what the kernel made of a BPF object: programs with their JITed functions, maps with their pages. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "agent.h"

static void *zeroed(size_t n, size_t size)
{
	void *at = calloc(n ? n : 1, size);

	if (!at)
		die("no memory to describe a BPF object: give the machine more");
	return at;
}

static char *copy(const char *text)
{
	char *to = strdup(text ? text : "");

	if (!to)
		die("no memory to describe a BPF object: give the machine more");
	return to;
}

/*
 * Makes the name as bpf_prog_ksym_set_name() (kernel/bpf/core.c) does. It takes the function's name from BTF if there
 * is one: that name is not cut to 15 characters, as the program's own name is.
 */
static char *ksym_name(const uint8_t tag[BPF_TAG_SIZE], const char *function)
{
	char name[512];
	char *copy;
	int n = 0;

	n += sprintf(name, "bpf_prog_");
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		n += sprintf(name + n, "%02x", tag[i]);
	if (function && *function)
		snprintf(name + n, sizeof(name) - n, "_%s", function);
	copy = strdup(name);
	if (!copy)
		die("no memory to describe a BPF object: give the machine more");
	return copy;
}

static const char *function_name(const struct btf *btf, const uint8_t *infos, uint32_t n, uint32_t bytes, uint32_t i)
{
	const struct bpf_func_info *info = (const void *)(infos + (size_t)i * bytes);
	const struct btf_type *type;

	if (!btf || i >= n)
		return NULL;
	type = btf__type_by_id(btf, info->type_id);
	return type ? btf__name_by_offset(btf, type->name_off) : NULL;
}

/* The kernel returns lines and addresses in two arrays, both in the order of the instructions. */
static void add_lines(PB(JitedFunction) *to, const struct bpf_prog_info *info, const struct btf *btf)
{
	uint32_t n = info->nr_line_info < info->nr_jited_line_info ? info->nr_line_info : info->nr_jited_line_info;
	const char *last = "";

	if (!btf)
		return;
	to->lines = zeroed(n, sizeof(*to->lines));
	for (uint32_t i = 0; i < n; i++) {
		const struct bpf_line_info *line = (const void *)(info->line_info + (size_t)i * info->line_info_rec_size);
		uint64_t at = *(const uint64_t *)(info->jited_line_info + (size_t)i * info->jited_line_info_rec_size);
		const char *file = btf__name_by_offset(btf, line->file_name_off);
		PB(JitedLine) *to_line;

		if (!file || at < to->address || at - to->address >= to->length)
			continue;
		to_line = zeroed(1, sizeof(*to_line));
		ksplat__agent__jited_line__init(to_line);
		to_line->offset = at - to->address;
		to_line->line = BPF_LINE_INFO_LINE_NUM(line->line_col);
		if (strcmp(file, last))
			to_line->file = copy(file);
		last = file;
		to->lines[to->n_lines++] = to_line;
	}
}

static void add_functions(PB(BpfProgram) *to, const struct bpf_prog_info *info, const struct btf *btf)
{
	const uint64_t *addresses = (const void *)info->jited_ksyms;
	const uint32_t *lengths = (const void *)info->jited_func_lens;
	const uint8_t (*tags)[BPF_TAG_SIZE] = (const void *)info->prog_tags;

	to->functions = zeroed(info->nr_jited_ksyms, sizeof(*to->functions));
	for (uint32_t i = 0; i < info->nr_jited_ksyms; i++) {
		PB(JitedFunction) *f = zeroed(1, sizeof(*f));
		const char *name = function_name(btf, (const void *)info->func_info, info->nr_func_info,
						 info->func_info_rec_size, i);

		ksplat__agent__jited_function__init(f);
		if (!name && !i)
			name = info->name;
		/* prog_tags[0] is the main function's alone; the kernel names it by the tag of the whole program. */
		f->name = ksym_name(i && i < info->nr_prog_tags ? tags[i] : info->tag, name);
		f->address = addresses[i];
		f->length = i < info->nr_jited_func_lens ? lengths[i] : 0;
		add_lines(f, info, btf);
		to->functions[to->n_functions++] = f;
	}
}

/* Asks twice: the first answer has the sizes of the arrays. */
static int program_info(PB(BpfProgram) *to, int fd, const struct btf *btf)
{
	struct bpf_prog_info info = { 0 }, counts;
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return errno;
	counts = info;
	to->id = info.id;
	to->tag.data = zeroed(1, BPF_TAG_SIZE);
	to->tag.len = BPF_TAG_SIZE;
	memcpy(to->tag.data, info.tag, BPF_TAG_SIZE);

	memset(&info, 0, sizeof(info));
	info.nr_jited_ksyms = counts.nr_jited_ksyms;
	info.nr_jited_func_lens = counts.nr_jited_func_lens;
	info.nr_prog_tags = counts.nr_prog_tags;
	info.nr_func_info = counts.nr_func_info;
	info.func_info_rec_size = counts.func_info_rec_size;
	info.nr_line_info = counts.nr_line_info;
	info.line_info_rec_size = counts.line_info_rec_size;
	info.nr_jited_line_info = counts.nr_jited_line_info;
	info.jited_line_info_rec_size = counts.jited_line_info_rec_size;
	info.jited_ksyms = (__u64)zeroed(info.nr_jited_ksyms, sizeof(__u64));
	info.jited_func_lens = (__u64)zeroed(info.nr_jited_func_lens, sizeof(__u32));
	info.prog_tags = (__u64)zeroed(info.nr_prog_tags, BPF_TAG_SIZE);
	info.func_info = (__u64)zeroed(info.nr_func_info, info.func_info_rec_size);
	info.line_info = (__u64)zeroed(info.nr_line_info, info.line_info_rec_size);
	info.jited_line_info = (__u64)zeroed(info.nr_jited_line_info, info.jited_line_info_rec_size);
	counts.jited_ksyms = info.jited_ksyms;
	counts.jited_func_lens = info.jited_func_lens;
	counts.prog_tags = info.prog_tags;
	counts.func_info = info.func_info;
	counts.line_info = info.line_info;
	counts.jited_line_info = info.jited_line_info;
	len = sizeof(info);
	if (!bpf_obj_get_info_by_fd(fd, &info, &len))
		add_functions(to, &info, btf);
	free((void *)counts.jited_ksyms);
	free((void *)counts.jited_func_lens);
	free((void *)counts.prog_tags);
	free((void *)counts.func_info);
	free((void *)counts.line_info);
	free((void *)counts.jited_line_info);
	return 0;
}

static PB(BpfProgram) *describe_program(const struct bpf_program *program, const struct btf *btf,
					const struct program_log *logs, size_t n_logs)
{
	PB(BpfProgram) *to = zeroed(1, sizeof(*to));

	ksplat__agent__bpf_program__init(to);
	to->name = copy(bpf_program__name(program));
	to->section = copy(bpf_program__section_name(program));
	for (size_t i = 0; i < n_logs; i++) {
		if (logs[i].program == program)
			to->log = copy(logs[i].text);
	}
	program_info(to, bpf_program__fd(program), btf);
	return to;
}

static void add_pages(PB(BpfMap) *to, const struct mapping *mapping)
{
	size_t n = (mapping->len + 4095) / 4096;

	to->pages = zeroed(n, sizeof(*to->pages));
	for (size_t i = 0; i < n; i++)
		to->pages[to->n_pages++] = physical_address(mapping->at + i * 4096);
}

static PB(BpfMap) *describe_map(const struct loaded *loaded, const struct bpf_map *map)
{
	PB(BpfMap) *to = zeroed(1, sizeof(*to));
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	ksplat__agent__bpf_map__init(to);
	to->name = copy(bpf_map_label(map));
	to->type = bpf_map__type(map);
	to->key_size = bpf_map__key_size(map);
	to->value_size = bpf_map__value_size(map);
	to->max_entries = bpf_map__max_entries(map);
	if (!bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &len))
		to->id = info.id;
	for (size_t i = 0; i < loaded->n_mappings; i++)
		if (loaded->mappings[i].map == map)
			add_pages(to, &loaded->mappings[i]);
	return to;
}

void bpf_describe(uint32_t id, const struct loaded *loaded, const struct program_log *logs, size_t n_logs)
{
	PB(Response) *response = zeroed(1, sizeof(*response));
	PB(BpfObject) *object = zeroed(1, sizeof(*object));
	const struct btf *btf = bpf_object__btf(loaded->object);
	struct bpf_program *program;
	struct bpf_map *map;
	size_t n = 0;

	ksplat__agent__response__init(response);
	ksplat__agent__bpf_object__init(object);
	bpf_object__for_each_program(program, loaded->object)
		n++;
	object->programs = zeroed(n, sizeof(*object->programs));
	bpf_object__for_each_program(program, loaded->object) {
		if (bpf_program__fd(program) >= 0)
			object->programs[object->n_programs++] = describe_program(program, btf, logs, n_logs);
	}
	n = 0;
	bpf_object__for_each_map(map, loaded->object)
		n++;
	object->maps = zeroed(n, sizeof(*object->maps));
	bpf_object__for_each_map(map, loaded->object) {
		if (bpf_map__fd(map) >= 0)
			object->maps[object->n_maps++] = describe_map(loaded, map);
	}
	object->handle = loaded->handle;
	response->id = id;
	response->result_case = KSPLAT__AGENT__RESPONSE__RESULT_BPF_OBJECT;
	response->bpf_object = object;
	channel_send(response);
	ksplat__agent__response__free_unpacked(response, NULL);
}
