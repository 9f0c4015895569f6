// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What this kernel does not have at all, looked for after it refused an object: the kernel answers EINVAL without a word to a
 * program type, an attach type or a map type that it does not know. As bpftool feature does, by small bpf(2) calls.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "agent.h"

/* Program types that together offer every helper (kernel/bpf, kernel/trace, net/core: get_func_proto). */
static const enum bpf_prog_type helper_users[] = {
	BPF_PROG_TYPE_KPROBE,	   BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_PERF_EVENT, BPF_PROG_TYPE_TRACEPOINT,
	BPF_PROG_TYPE_SCHED_CLS,   BPF_PROG_TYPE_XDP,		 BPF_PROG_TYPE_SYSCALL,	   BPF_PROG_TYPE_SOCK_OPS,
	BPF_PROG_TYPE_CGROUP_SKB,  BPF_PROG_TYPE_CGROUP_SYSCTL,	 BPF_PROG_TYPE_SK_SKB,	   BPF_PROG_TYPE_SK_MSG,
	BPF_PROG_TYPE_SK_REUSEPORT, BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_PROG_TYPE_LWT_XMIT,  BPF_PROG_TYPE_LWT_SEG6LOCAL,
	BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_PROG_TYPE_SK_LOOKUP, BPF_PROG_TYPE_FLOW_DISSECTOR, BPF_PROG_TYPE_LIRC_MODE2,
};

static void add(struct lacks *lacks, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct lacks *lacks, const char *fmt, ...)
{
	char name[sizeof(lacks->names[0])];
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	for (size_t i = 0; i < lacks->n; i++)
		if (!strcmp(lacks->names[i], name))
			return;
	if (lacks->n < LACKS_MAX)
		strcpy(lacks->names[lacks->n++], name);
}

/* A kernel knows the types that its enum has, given that its configuration has them, too. */
static bool in_enum(const struct btf *kernel, const char *name, unsigned int type)
{
	int id = btf__find_by_name_kind(kernel, name, BTF_KIND_ENUM);
	const struct btf_type *types = id > 0 ? btf__type_by_id(kernel, id) : NULL;
	const struct btf_enum *value;

	if (!types)
		return true;
	value = btf_enum(types);
	for (int i = 0; i < btf_vlen(types); i++) {
		const char *one = btf__name_by_offset(kernel, value[i].name_off);

		if ((unsigned int)value[i].val == type && one && strncmp(one, "__MAX_", 6))
			return true;
	}
	return false;
}

static void add_type(struct lacks *lacks, const char *kind, const char *name, unsigned int type)
{
	if (name)
		add(lacks, "%s %s", kind, name);
	else
		add(lacks, "%s %u", kind, type);
}

static void program_types(struct lacks *lacks, const struct btf *kernel, const struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		enum bpf_prog_type type = bpf_program__type(program);

		if (bpf_program__autoload(program) && type &&
		    (!in_enum(kernel, "bpf_prog_type", type) || !libbpf_probe_bpf_prog_type(type, NULL)))
			add_type(lacks, "program type", libbpf_bpf_prog_type_str(type), type);
	}
}

static void map_types(struct lacks *lacks, const struct btf *kernel, const struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		enum bpf_map_type type = bpf_map__type(map);

		if (bpf_map__autocreate(map) && type &&
		    (!in_enum(kernel, "bpf_map_type", type) || !libbpf_probe_bpf_map_type(type, NULL)))
			add_type(lacks, "map type", libbpf_bpf_map_type_str(type), type);
	}
}

static void attach_type(struct lacks *lacks, const struct btf *kernel, const struct bpf_program *program)
{
	enum bpf_attach_type type = bpf_program__expected_attach_type(program);

	if (!in_enum(kernel, "bpf_attach_type", type))
		add_type(lacks, "attach type", libbpf_bpf_attach_type_str(type), type);
}

void bpf_probe_object(struct lacks *lacks, const struct bpf_object *object)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct bpf_program *program;

	if (!kernel)
		return;
	map_types(lacks, kernel, object);
	program_types(lacks, kernel, object);
	bpf_object__for_each_program(program, object)
		if (bpf_program__autoload(program))
			attach_type(lacks, kernel, program);
	btf__free(kernel);
}

void bpf_probe_attach_type(struct lacks *lacks, const struct bpf_program *program)
{
	struct btf *kernel = btf__load_vmlinux_btf();

	if (!kernel)
		return;
	attach_type(lacks, kernel, program);
	btf__free(kernel);
}

/* Before 6.10 the verifier says the same of a helper that it does not have and of one that this program type may not use. */
void bpf_probe_helper(struct lacks *lacks, const char *verifier_log)
{
	static const char *const words[] = { "unknown func ", "program of this type cannot use helper " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strstr(verifier_log, words[i]);
		char name[64];
		int id;

		if (!at || sscanf(at + strlen(words[i]), "%63[^#\n]#%d", name, &id) != 2 || id <= 0)
			continue;
		for (size_t type = 0; type < sizeof(helper_users) / sizeof(helper_users[0]); type++)
			if (libbpf_probe_bpf_helper(helper_users[type], id, NULL) == 1)
				return;
		add(lacks, "helper %s#%d", name, id);
		return;
	}
}
