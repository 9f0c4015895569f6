// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* BPF objects and their links: load, attach, detach, unload. All of it runs in the reader thread. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent.h"

/* The kernel fills at most this much; pages that it does not reach cost nothing. */
#define VERIFIER_LOG_BYTES	(16u << 20)
#define LIBBPF_LOG_BYTES	(64u << 10)

struct attached {
	uint32_t number;
	struct loaded *owner;
	struct bpf_link *link;
	struct attached *next;
};

static struct loaded *objects;
static struct attached *links;
static uint32_t last_handle, last_link;

/* What libbpf has printed since bpf_clear_libbpf_log(). Only the reader thread calls functions that print. */
static char libbpf_log[LIBBPF_LOG_BYTES];
static size_t libbpf_log_len;

/* Probes fail on purpose, and say so. */
static bool probing;
/* The last CO-RE relocation that libbpf looked at. */
static char relocation[512];

static void add_to_libbpf_log(const char *fmt, va_list args)
{
	size_t left = sizeof(libbpf_log) - libbpf_log_len;
	int n = vsnprintf(libbpf_log + libbpf_log_len, left, fmt, args);

	if (n > 0)
		libbpf_log_len += (size_t)n < left ? (size_t)n : left - 1;
}

static void add_relocation(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_to_libbpf_log(fmt, args);
	va_end(args);
}

/*
 * libbpf turns what a kernel lacks into an instruction that the verifier refuses, and puts the name back into the verifier's log,
 * but not if many lines follow there, as since 7.3. Two of its debug messages have the names (relo_core.c, libbpf.c).
 */
static void keep_names(const char *fmt, va_list args)
{
	if (!strcmp(fmt, "prog '%s': relo #%d: %s\n"))
		vsnprintf(relocation, sizeof(relocation), fmt, args);
	else if (strstr(fmt, "substituting insn #%d w/ invalid insn")) {
		add_relocation("%s", relocation);
		add_to_libbpf_log(fmt, args);
	} else if (strstr(fmt, "(weak): not resolved"))
		add_to_libbpf_log(fmt, args);
}

static int print_to_libbpf_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (probing)
		return 0;
	/* What libbpf prints starts with its name. */
	if (!strncmp(fmt, "libbpf: ", 8))
		fmt += 8;
	if (level == LIBBPF_DEBUG)
		keep_names(fmt, args);
	else
		add_to_libbpf_log(fmt, args);
	return 0;
}

void bpf_clear_libbpf_log(void)
{
	libbpf_log_len = 0;
	libbpf_log[0] = 0;
}

char *bpf_libbpf_log(void)
{
	return libbpf_log;
}

void bpf_probing(bool on)
{
	probing = on;
}

void bpf_start(void)
{
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(print_to_libbpf_log);
	/*
	 * Otherwise libbpf loads a program to find out whether the memlock limit matters (15 ms under TCG).
	 * init_machine() has lifted it.
	 */
	libbpf_set_memlock_rlim(0);
}

struct loaded *bpf_loaded(uint32_t id, uint32_t handle)
{
	for (struct loaded *l = objects; l; l = l->next)
		if (l->handle == handle)
			return l;
	/* Not ENOENT, which the kernel returns for a missing key. */
	reply_failure(id, EBADF, "BPF object %u: no such handle", handle);
	return NULL;
}

struct bpf_program *bpf_find_program(uint32_t id, uint32_t handle, const char *name)
{
	struct loaded *loaded = bpf_loaded(id, handle);
	struct bpf_program *program;

	if (!loaded)
		return NULL;
	program = bpf_object__find_program_by_name(loaded->object, name);
	if (!program) {
		reply_failure(id, ENOENT, "program %s: none of that name in BPF object %u", name, handle);
		return NULL;
	}
	if (bpf_program__fd(program) < 0) {
		reply_failure(id, ENOENT, "program %s: not loaded (BpfLoad.programs left it out)", name);
		return NULL;
	}
	return program;
}

/* libbpf names such a map OBJECT.bss, and bpf_object_name() leaves no dot in OBJECT. */
const char *bpf_map_label(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	const char *dot = bpf_map__is_internal(map) ? strchr(name, '.') : NULL;

	return dot ? dot : name;
}

static struct bpf_map *find_map(const struct bpf_object *object, const char *name)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (!strcmp(bpf_map_label(map), name))
			return map;
	return NULL;
}

struct bpf_map *bpf_find_map(const struct loaded *loaded, const char *name)
{
	return find_map(loaded->object, name);
}

void bpf_object_name(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; from[i] && i < size - 1; i++)
		to[i] = isalnum((unsigned char)from[i]) ? from[i] : '_';
	to[i] = 0;
	if (!i)
		strcpy(to, "object");
}

static bool choose_programs(uint32_t id, struct bpf_object *object, const PB(BpfLoad) *op)
{
	struct bpf_program *program;

	if (!op->n_programs)
		return true;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, false);
	for (size_t i = 0; i < op->n_programs; i++) {
		program = bpf_object__find_program_by_name(object, op->programs[i]);
		if (!program) {
			reply_failure(id, ENOENT, "program %s: none of that name in %s", op->programs[i], op->name);
			return false;
		}
		bpf_program__set_autoload(program, true);
	}
	return true;
}

static bool set_initial(uint32_t id, struct bpf_object *object, const PB(BpfLoad) *op)
{
	for (size_t i = 0; i < op->n_initial; i++) {
		const PB(SectionBytes) *bytes = op->initial[i];
		struct bpf_map *map = find_map(object, bytes->section);
		const void *initial = NULL;
		size_t size = 0;
		uint8_t *image;
		int error;

		if (map && bpf_map__is_internal(map))
			initial = bpf_map__initial_value(map, &size);
		if (!initial) {
			reply_failure(id, ENOENT, "section %s: no global section of that name in %s", bytes->section,
				      op->name);
			return false;
		}
		if ((uint64_t)bytes->offset + bytes->data.len > size) {
			reply_failure(id, ERANGE, "set %zu bytes at %u of %s, which has %zu", bytes->data.len,
				      bytes->offset, bytes->section, size);
			return false;
		}
		image = malloc(size);
		if (!image)
			die("no memory for a section of %zu bytes: give the machine more", size);
		memcpy(image, initial, size);
		if (bytes->data.len)
			memcpy(image + bytes->offset, bytes->data.data, bytes->data.len);
		error = bpf_map__set_initial_value(map, image, size);
		free(image);
		if (error) {
			reply_failure(id, -error, "set initial bytes of %s in %s", bytes->section, op->name);
			return false;
		}
	}
	return true;
}

static bool set_sizes(uint32_t id, struct bpf_object *object, const PB(BpfLoad) *op)
{
	for (size_t i = 0; i < op->n_map_sizes; i++) {
		struct bpf_map *map = find_map(object, op->map_sizes[i]->map);
		int error;

		if (!map) {
			reply_failure(id, ENOENT, "map %s: none of that name in %s", op->map_sizes[i]->map, op->name);
			return false;
		}
		error = bpf_map__set_max_entries(map, op->map_sizes[i]->max_entries);
		if (error) {
			reply_failure(id, -error, "give map %s %u entries", op->map_sizes[i]->map,
				      op->map_sizes[i]->max_entries);
			return false;
		}
	}
	return true;
}

/*
 * libbpf first loads a program without a log and, if that fails, again with a log into the program's buffer. It stops at
 * the first program that fails, so one buffer serves all, unless logs of accepted programs are wanted, too.
 */
static char *log_buffer(void)
{
	void *at = mmap(NULL, VERIFIER_LOG_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);

	if (at == MAP_FAILED)
		die("no memory for a verifier log: give the machine more");
	return at;
}

static void free_logs(struct program_log *logs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!i || logs[i].text != logs[0].text)
			munmap(logs[i].text, VERIFIER_LOG_BYTES);
	free(logs);
}

static struct program_log *set_logs(struct bpf_object *object, uint32_t level, size_t *n)
{
	struct bpf_program *program;
	struct program_log *logs;

	*n = 0;
	bpf_object__for_each_program(program, object)
		(*n)++;
	logs = calloc(*n ? *n : 1, sizeof(*logs));
	if (!logs)
		die("no memory for the logs of %zu programs: give the machine more", *n);
	*n = 0;
	bpf_object__for_each_program(program, object) {
		if (!bpf_program__autoload(program))
			continue;
		logs[*n].program = program;
		logs[*n].text = level || !*n ? log_buffer() : logs[0].text;
		bpf_program__set_log_buf(program, logs[*n].text, VERIFIER_LOG_BYTES);
		bpf_program__set_log_level(program, level);
		(*n)++;
	}
	return logs;
}

/* libbpf closes every program if one fails. Only its message tells which one it was. */
static const struct program_log *refused(const struct program_log *logs, size_t n)
{
	char message[256];

	for (size_t i = 0; i < n; i++) {
		snprintf(message, sizeof(message), "prog '%s': BPF program load failed",
			 bpf_program__name(logs[i].program));
		if (strstr(libbpf_log, message))
			return &logs[i];
	}
	return NULL;
}

static void reply_load_failure(uint32_t id, int error, const PB(BpfLoad) *op, const struct bpf_object *object,
			       const struct program_log *logs, size_t n)
{
	const struct program_log *program = refused(logs, n);
	struct lacks lacks = { .n = 0 };
	struct refusal refusal = { .libbpf = libbpf_log, .lacks = &lacks };

	probing = true;
	/* What the kernel checks before the verifier runs, such as types, privileges and sizes, it refuses without a log. */
	if (program && program->text[0]) {
		refusal.verifier_log = program->text;
		bpf_probe_helper(&lacks, program->text);
	} else {
		bpf_probe_object(&lacks, object);
	}
	probing = false;
	if (refusal.verifier_log)
		reply_refusal(id, error, &refusal, "%s", bpf_program__name(program->program));
	else if (program)
		reply_refusal(id, error, &refusal, "load program %s", bpf_program__name(program->program));
	else
		reply_refusal(id, error, &refusal, "load BPF object %s", op->name);
}

static void unmap(struct loaded *loaded)
{
	for (size_t i = 0; i < loaded->n_mappings; i++)
		munmap(loaded->mappings[i].at, (loaded->mappings[i].len + 4095) & ~4095ul);
	free(loaded->mappings);
}

/*
 * Maps the values of memory-mapped maps into the agent. libbpf freezes .rodata, so it can be mapped for reading only.
 * Children do not inherit a mapping, because it would keep its map alive.
 */
static bool map_values(uint32_t id, struct loaded *loaded)
{
	struct bpf_map *map;
	size_t n = 0;

	bpf_object__for_each_map(map, loaded->object)
		n++;
	loaded->mappings = calloc(n ? n : 1, sizeof(*loaded->mappings));
	if (!loaded->mappings)
		die("no memory for %zu maps: give the machine more", n);
	bpf_object__for_each_map(map, loaded->object) {
		struct mapping *mapping = &loaded->mappings[loaded->n_mappings];
		bool constant;
		size_t len;

		if (bpf_map__type(map) != BPF_MAP_TYPE_ARRAY || !(bpf_map__map_flags(map) & BPF_F_MMAPABLE))
			continue;
		len = (size_t)((bpf_map__value_size(map) + 7) & ~7u) * bpf_map__max_entries(map);
		constant = bpf_map__map_flags(map) & BPF_F_RDONLY_PROG;
		mapping->at = mmap(NULL, len, PROT_READ | (constant ? 0 : PROT_WRITE), MAP_SHARED | MAP_POPULATE,
				   bpf_map__fd(map), 0);
		if (mapping->at == MAP_FAILED) {
			reply_failure(id, errno, "map the values of %s", bpf_map_label(map));
			return false;
		}
		madvise(mapping->at, len, MADV_DONTFORK);
		mapping->map = map;
		mapping->len = bpf_map__max_entries(map) == 1 ? bpf_map__value_size(map) : len;
		mapping->writable = !constant;
		loaded->n_mappings++;
	}
	return true;
}

void bpf_load(uint32_t id, const PB(BpfLoad) *op)
{
	char name[64];
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name);
	struct program_log *logs = NULL;
	struct loaded *loaded = NULL;
	struct bpf_object *object;
	size_t n_logs = 0;
	int error;

	bpf_object_name(name, sizeof(name), op->name);
	bpf_clear_libbpf_log();
	object = op->object.len ? bpf_object__open_mem(op->object.data, op->object.len, &opts) : NULL;
	if (!object) {
		struct refusal refusal = { .libbpf = libbpf_log, .lacks = &(struct lacks){ .n = 0 } };

		reply_refusal(id, op->object.len ? errno : EINVAL, &refusal, "open BPF object %s", op->name);
		return;
	}
	if (!choose_programs(id, object, op) || !set_initial(id, object, op) || !set_sizes(id, object, op))
		goto close;
	logs = set_logs(object, op->log_level, &n_logs);
	error = bpf_object__load(object);
	if (error) {
		reply_load_failure(id, -error, op, object, logs, n_logs);
		goto close;
	}
	loaded = calloc(1, sizeof(*loaded));
	if (!loaded)
		die("no memory for a BPF object: give the machine more");
	loaded->object = object;
	if (!map_values(id, loaded))
		goto close;
	loaded->handle = ++last_handle;
	loaded->next = objects;
	objects = loaded;
	bpf_describe(id, loaded, logs, op->log_level ? n_logs : 0);
	free_logs(logs, n_logs);
	return;
close:
	if (loaded)
		unmap(loaded);
	free(loaded);
	bpf_object__close(object);
	if (logs)
		free_logs(logs, n_logs);
}

static int detach(struct attached **at)
{
	struct attached *gone = *at;
	int error = bpf_link__destroy(gone->link);

	*at = gone->next;
	free(gone);
	return error;
}

void bpf_unload(uint32_t id, const PB(BpfUnload) *op)
{
	struct loaded *loaded = bpf_loaded(id, op->handle);

	if (!loaded)
		return;
	for (struct attached **at = &links; *at;) {
		if ((*at)->owner == loaded)
			detach(at);
		else
			at = &(*at)->next;
	}
	for (struct loaded **at = &objects; *at; at = &(*at)->next) {
		if (*at == loaded) {
			*at = loaded->next;
			break;
		}
	}
	unmap(loaded);
	bpf_object__close(loaded->object);
	free(loaded);
	reply_done(id);
}

void bpf_attach(uint32_t id, const PB(BpfAttach) *op)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Link) link = KSPLAT__AGENT__LINK__INIT;
	struct bpf_program *program = bpf_find_program(id, op->handle, op->program);
	struct attached *attached;
	struct bpf_link *made;

	if (!program)
		return;
	bpf_clear_libbpf_log();
	made = bpf_program__attach(program);
	if (!made) {
		struct lacks lacks = { .n = 0 };
		struct refusal refusal = { .libbpf = libbpf_log, .lacks = &lacks };
		int error = errno;

		probing = true;
		bpf_probe_attach_type(&lacks, program);
		probing = false;
		reply_refusal(id, error, &refusal, "attach program %s (%s)", op->program,
			      bpf_program__section_name(program));
		return;
	}
	attached = calloc(1, sizeof(*attached));
	if (!attached)
		die("no memory for a link: give the machine more");
	attached->number = ++last_link;
	attached->owner = bpf_loaded(id, op->handle);
	attached->link = made;
	attached->next = links;
	links = attached;
	link.link = attached->number;
	response.id = id;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_LINK;
	response.link = &link;
	channel_send(&response);
}

void bpf_detach(uint32_t id, const PB(BpfDetach) *op)
{
	for (struct attached **at = &links; *at; at = &(*at)->next) {
		int error;

		if ((*at)->number != op->link)
			continue;
		error = detach(at);
		if (error)
			reply_failure(id, -error, "detach link %u", op->link);
		else
			reply_done(id);
		return;
	}
	reply_failure(id, ENOENT, "link %u: no such link", op->link);
}
