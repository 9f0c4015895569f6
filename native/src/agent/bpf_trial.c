// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Loads a program in a child of the agent, runs it once, and tells all that came of it, as the kernel's test_loader
 * wants to know it (tools/testing/selftests/bpf/test_loader.c). A child, because capabilities are dropped there, because it
 * may hang in the kernel, and because with it everything goes that it has made.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent.h"

#define VERIFIER_LOG_BYTES	(2u << 20)
#define DATA_BYTES		64
#define ATTACHED_MAX		32
#define STREAM_MS		1000
#define UNPRIVILEGED_SYSCTL	"/proc/sys/kernel/unprivileged_bpf_disabled"
#define JIT_SYSCTL		"/proc/sys/net/core/bpf_jit_enable"

struct trial {
	pid_t pid;
	int pipe;
};

/* What a child works with; nothing of it is freed, because it exits. */
struct child {
	const PB(BpfTrial) *op;
	PB(Trial) *to;
	struct bpf_object *object;
	struct bpf_program *program;
	char *log;
	char what[256];
	struct lacks lacks;
	char *lacking[LACKS_MAX];
};

static uint64_t bit(int capability)
{
	return 1ULL << capability;
}

/* Capabilities are of a thread, and a child has one. Returns a positive errno. */
static int change_capabilities(uint64_t drop, uint64_t give)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return errno;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective &= ~(uint32_t)(drop >> 32 * i);
		data[i].effective |= (uint32_t)(give >> 32 * i);
	}
	return syscall(SYS_capset, &header, data) ? errno : 0;
}

static uint64_t privileges(void)
{
	return bit(CAP_SYS_ADMIN) | bit(CAP_NET_ADMIN) | bit(CAP_PERFMON) | bit(CAP_BPF);
}

/* Returns the first character of a file, or 0. */
static char first_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = 0;

	if (fd < 0)
		return 0;
	if (read(fd, &c, 1) != 1)
		c = 0;
	close(fd);
	return c;
}

/* Debian's kernels begin with 2, "off until somebody changes it". */
static bool let_unprivileged_in(void)
{
	int fd = open(UNPRIVILEGED_SYSCTL, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT;
	if (write(fd, "0", 1) < 0 && first_of(UNPRIVILEGED_SYSCTL) != '0') {
		close(fd);
		return false;
	}
	close(fd);
	return first_of(UNPRIVILEGED_SYSCTL) == '0';
}

/* The program's instructions do not matter: the kernel checks the flags first. */
static uint32_t known(uint32_t flags)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	uint32_t taken = 0;

	for (uint32_t flag = 1; flag; flag <<= 1) {
		LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = flag);
		int fd;

		if (!(flags & flag))
			continue;
		fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "flags", "GPL", nothing, 2, &opts);
		if (fd >= 0) {
			taken |= flag;
			close(fd);
		}
	}
	return taken;
}

/* As is_unpriv_capable_map() of test_loader.c: the types that map_create() of kernel/bpf/syscall.c lets everybody make. */
static bool needs_no_privilege(const struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return !(bpf_map__map_flags(map) & BPF_F_ZERO_SEED);
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		return true;
	default:
		return false;
	}
}

static void write_whole(int fd, const uint8_t *from, size_t len)
{
	while (len) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);
		from += n;
		len -= n;
	}
}

static bool is_beside(const PB(BpfTrial) *op, const char *name)
{
	for (size_t i = 0; i < op->n_beside; i++)
		if (!strcmp(op->beside[i], name))
			return true;
	return false;
}

/* libbpf reads it from a path. Returns a positive errno. */
static int offer_btf(const ProtobufCBinaryData *btf, char *path, size_t size)
{
	int fd = memfd_create("btf", MFD_CLOEXEC);

	if (fd < 0)
		return errno;
	write_whole(fd, btf->data, btf->len);
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return 0;
}

/* Returns a positive errno. */
static int open_object(struct child *child, uint32_t flags)
{
	static char name[64], btf[64];
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name);
	const PB(BpfTrial) *op = child->op;
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object_name(name, sizeof(name), op->name);
	snprintf(child->what, sizeof(child->what), "open BPF object %s", op->name);
	if (op->custom_btf.len) {
		int error = offer_btf(&op->custom_btf, btf, sizeof(btf));

		if (error)
			return error;
		opts.btf_custom_path = btf;
	}
	child->object = op->object.len ? bpf_object__open_mem(op->object.data, op->object.len, &opts) : NULL;
	if (!child->object)
		return op->object.len ? errno : EINVAL;
	child->program = bpf_object__find_program_by_name(child->object, op->program);
	if (!child->program) {
		snprintf(child->what, sizeof(child->what), "find program %s in %s", op->program, op->name);
		return ENOENT;
	}
	bpf_object__for_each_program(program, child->object)
		bpf_program__set_autoload(program, program == child->program ||
						   is_beside(op, bpf_program__name(program)));
	child->log = calloc(1, VERIFIER_LOG_BYTES);
	if (!child->log)
		return ENOMEM;
	bpf_program__set_log_buf(child->program, child->log, VERIFIER_LOG_BYTES);
	bpf_program__set_log_level(child->program, op->log_level);
	bpf_program__set_flags(child->program, bpf_program__flags(child->program) | flags);
	bpf_object__for_each_map(map, child->object)
		bpf_map__set_autocreate(map, !op->unprivileged || needs_no_privilege(map));
	return 0;
}

static void name_refused(struct child *child)
{
	struct bpf_program *program;
	char message[256];

	snprintf(child->what, sizeof(child->what), "load BPF object %s", child->op->name);
	bpf_object__for_each_program(program, child->object) {
		snprintf(message, sizeof(message), "prog '%s': BPF program load failed", bpf_program__name(program));
		if (strstr(bpf_libbpf_log(), message))
			snprintf(child->what, sizeof(child->what), "load program %s", bpf_program__name(program));
	}
}

static void tell_lacks(struct child *child)
{
	bpf_probing(true);
	if (child->log && child->log[0])
		bpf_probe_helper(&child->lacks, child->log);
	else if (child->object)
		bpf_probe_object(&child->lacks, child->object);
	bpf_probing(false);
	for (size_t i = 0; i < child->lacks.n; i++)
		child->lacking[i] = child->lacks.names[i];
	child->to->lacks = child->lacking;
	child->to->n_lacks = child->lacks.n;
}

static void take_xlated(struct child *child)
{
	struct bpf_prog_info info = { 0 };
	int fd = bpf_program__fd(child->program);
	uint32_t len = sizeof(info), bytes;
	uint8_t *at;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return;
	bytes = info.xlated_prog_len;
	at = calloc(1, bytes ? bytes : 1);
	memset(&info, 0, sizeof(info));
	info.xlated_prog_insns = (uint64_t)at;
	info.xlated_prog_len = bytes;
	len = sizeof(info);
	if (!at || bpf_obj_get_info_by_fd(fd, &info, &len) || !info.xlated_prog_insns)
		return;
	child->to->xlated.data = at;
	child->to->xlated.len = bytes;
}

/* Absent if the kernel does not compile programs, or does not give the code away. */
static void take_machine_code(struct child *child)
{
	struct bpf_prog_info info = { 0 };
	int fd = bpf_program__fd(child->program);
	uint32_t len = sizeof(info), bytes, functions;
	uint32_t *lengths;
	uint8_t *at;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return;
	bytes = info.jited_prog_len;
	functions = info.nr_jited_func_lens;
	at = calloc(1, bytes ? bytes : 1);
	lengths = calloc(functions ? functions : 1, sizeof(*lengths));
	memset(&info, 0, sizeof(info));
	info.jited_prog_insns = (uint64_t)at;
	info.jited_prog_len = bytes;
	info.jited_func_lens = (uint64_t)lengths;
	info.nr_jited_func_lens = functions;
	len = sizeof(info);
	if (!at || !lengths || bpf_obj_get_info_by_fd(fd, &info, &len) || !info.jited_prog_insns)
		return;
	child->to->machine_code.data = at;
	child->to->machine_code.len = bytes;
	child->to->function_lengths = lengths;
	child->to->n_function_lengths = functions;
}

/* Nothing tells when there is something in a stream. */
static void take_stream(struct child *child, uint32_t stream, ProtobufCBinaryData *to)
{
	bool awaited = child->op->awaited_streams & 1u << stream;
	uint64_t deadline = now_ms() + STREAM_MS;
	uint8_t *text = malloc(STREAM_BYTES);
	ssize_t n = -1;

	while (text) {
		n = bpf_take_stream(bpf_program__fd(child->program), stream, text, STREAM_BYTES);
		if (n || !awaited || now_ms() >= deadline)
			break;
		poll(NULL, 0, 1);
	}
	if (n > 0) {
		to->data = text;
		to->len = n;
	}
}

/* Links go with the child. Returns a positive errno. */
static int attach_struct_ops(struct child *child)
{
	struct bpf_map *map;
	int n = 0;

	bpf_object__for_each_map(map, child->object) {
		if (!bpf_map__autocreate(map) || bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (n++ == ATTACHED_MAX)
			return E2BIG;
		if (!bpf_map__attach_struct_ops(map)) {
			snprintf(child->what, sizeof(child->what), "attach struct_ops %s", bpf_map__name(map));
			return errno;
		}
	}
	return 0;
}

static void run(struct child *child)
{
	static uint8_t in[DATA_BYTES], out[4 * DATA_BYTES];
	struct __sk_buff context = { .data_end = child->op->linear_size };
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	snprintf(child->what, sizeof(child->what), "run program %s", child->op->program);
	child->to->run_error = attach_struct_ops(child);
	if (child->to->run_error)
		return;
	if (bpf_program__type(child->program) != BPF_PROG_TYPE_SYSCALL) {
		opts.data_in = in;
		opts.data_size_in = sizeof(in);
		opts.data_out = out;
		opts.data_size_out = sizeof(out);
		opts.repeat = 1;
		if (child->op->linear_size) {
			opts.ctx_in = &context;
			opts.ctx_size_in = sizeof(context);
		}
	}
	child->to->ran = true;
	child->to->run_error = -bpf_prog_test_run_opts(bpf_program__fd(child->program), &opts);
	child->to->retval = opts.retval;
}

static void tell(struct child *child)
{
	child->to->what = child->what;
	child->to->libbpf = bpf_libbpf_log();
	for (char *c = child->to->libbpf; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	if (child->log) {
		child->to->log.data = (uint8_t *)child->log;
		child->to->log.len = strlen(child->log);
	}
}

static void try(struct child *child)
{
	const PB(BpfTrial) *op = child->op;
	uint32_t flags = op->flags;
	int error;

	child->to->jited = first_of(JIT_SYSCTL) != '0';
	if (op->unprivileged && !let_unprivileged_in()) {
		child->to->needs_privilege = true;
		return;
	}
	bpf_probing(true);
	flags |= known(op->known_flags);
	bpf_probing(false);
	bpf_clear_libbpf_log();
	error = op->unprivileged ? change_capabilities(privileges(), op->capabilities) : 0;
	if (error) {
		snprintf(child->what, sizeof(child->what), "drop capabilities");
		child->to->load_error = error;
		return;
	}
	error = open_object(child, flags);
	if (!error) {
		error = -bpf_object__load(child->object);
		if (error)
			name_refused(child);
	}
	if (op->unprivileged)
		change_capabilities(0, privileges());
	child->to->load_error = error;
	tell(child);
	if (error) {
		tell_lacks(child);
		return;
	}
	if (op->xlated)
		take_xlated(child);
	if (op->machine_code)
		take_machine_code(child);
	if (op->run) {
		run(child);
		take_stream(child, 1, &child->to->stream_out);
		take_stream(child, 2, &child->to->stream_err);
	}
}

/* It has what the agent has, but the files of other objects: those would live on in it. */
static void become_child(const PB(BpfTrial) *op, int out) __attribute__((noreturn));

static void become_child(const PB(BpfTrial) *op, int out)
{
	PB(Trial) to = KSPLAT__AGENT__TRIAL__INIT;
	struct child child = { .op = op, .to = &to };
	uint8_t *packed;
	size_t len;

	dup2(out, STDERR_FILENO + 1);
	close_range(STDERR_FILENO + 2, ~0u, 0);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	try(&child);
	len = ksplat__agent__trial__get_packed_size(&to);
	packed = malloc(len ? len : 1);
	if (!packed)
		_exit(1);
	ksplat__agent__trial__pack(&to, packed);
	write_whole(STDERR_FILENO + 1, packed, len);
	_exit(0);
}

struct trial *bpf_trial_prepare(uint32_t id, const PB(BpfTrial) *op)
{
	struct trial *trial = malloc(sizeof(*trial));
	int ends[2];

	if (!trial)
		die("no memory for a trial: give the machine more");
	if (pipe2(ends, O_CLOEXEC)) {
		reply_failure(id, errno, "make a pipe for the trial of %s", op->program);
		free(trial);
		return NULL;
	}
	trial->pid = fork();
	if (!trial->pid)
		become_child(op, ends[1]);
	close(ends[1]);
	if (trial->pid < 0) {
		reply_failure(id, errno, "fork for the trial of %s", op->program);
		close(ends[0]);
		free(trial);
		return NULL;
	}
	trial->pipe = ends[0];
	fcntl(trial->pipe, F_SETFL, O_NONBLOCK);
	return trial;
}

/* Reads to the end of the pipe; returns false if time was up, or it was too much. */
static bool read_all(int fd, uint64_t deadline, uint8_t **data, size_t *len)
{
	size_t size = 64 << 10;

	*data = malloc(size);
	*len = 0;
	while (*data) {
		struct pollfd polled = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (!poll(&polled, 1, time_left(deadline)))
			return false;
		n = read(fd, *data + *len, size - *len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return !n;
		*len += n;
		if (*len == size) {
			uint8_t *more = size < FRAME_MAX / 2 ? realloc(*data, 2 * size) : NULL;

			if (!more)
				return false;
			*data = more;
			size *= 2;
		}
	}
	die("no memory for a trial: give the machine more");
}

void bpf_trial(uint32_t id, const PB(BpfTrial) *op, struct trial *trial)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Trial) dead = KSPLAT__AGENT__TRIAL__INIT;
	uint64_t deadline = op->timeout_ms ? now_ms() + op->timeout_ms : 0;
	PB(Trial) *told = NULL;
	uint8_t *data = NULL;
	size_t len = 0;

	if (!read_all(trial->pipe, deadline, &data, &len)) {
		/* It may hang in the kernel: who waits for it then waits for ever. */
		kill(trial->pid, SIGKILL);
		dead.timed_out = true;
		waitpid(trial->pid, &dead.status, WNOHANG);
	} else {
		waitpid(trial->pid, &dead.status, 0);
		if (WIFEXITED(dead.status) && !WEXITSTATUS(dead.status))
			told = ksplat__agent__trial__unpack(NULL, len, data);
		/* All zeros would read as a program that was loaded. */
		if (!told && !dead.status)
			dead.status = -1;
	}
	response.id = id;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_TRIAL;
	response.trial = told ? told : &dead;
	channel_send(&response);
	if (told)
		ksplat__agent__trial__free_unpacked(told, NULL);
	free(data);
	close(trial->pipe);
	free(trial);
}
