// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Takes records out of ring buffers. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent.h"

#define BYTES_MAX	(16u << 20)
#define TIMEOUT_MAX_MS	60000
/* The most records in one answer: an empty record costs memory, too. */
#define RECORDS_MAX	(64u << 10)

struct ring_read {
	/* A duplicate, so that a BpfUnload in the meantime does no harm. */
	int fd;
	uint32_t map;
	struct ring_read *next;
};

/* A ring buffer has one consumer position: two readers would both take the same records. */
static struct ring_read *reading;
static pthread_mutex_t reading_lock = PTHREAD_MUTEX_INITIALIZER;

static bool begin(struct ring_read *read)
{
	bool busy = false;

	pthread_mutex_lock(&reading_lock);
	for (struct ring_read *r = reading; r; r = r->next)
		busy |= r->map == read->map;
	if (!busy) {
		read->next = reading;
		reading = read;
	}
	pthread_mutex_unlock(&reading_lock);
	return !busy;
}

static void end(struct ring_read *read)
{
	pthread_mutex_lock(&reading_lock);
	for (struct ring_read **r = &reading; *r; r = &(*r)->next) {
		if (*r == read) {
			*r = read->next;
			break;
		}
	}
	pthread_mutex_unlock(&reading_lock);
}

struct ring_read *bpf_ring_read_prepare(uint32_t id, const PB(RingRead) *op)
{
	struct loaded *loaded = bpf_loaded(id, op->handle);
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	struct ring_read *read;
	struct bpf_map *map;

	if (!loaded)
		return NULL;
	map = bpf_find_map(loaded, op->map);
	if (!map || bpf_map__fd(map) < 0 || bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF) {
		reply_failure(id, ENOENT, "map %s: no ring buffer of that name in BPF object %u", op->map, op->handle);
		return NULL;
	}
	read = calloc(1, sizeof(*read));
	if (!read)
		die("no memory for a ring buffer's reader: give the machine more");
	if (bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &len)) {
		reply_failure(id, errno, "read ring buffer %s", op->map);
		goto free;
	}
	read->map = info.id;
	if (!begin(read)) {
		reply_failure(id, EBUSY, "read ring buffer %s: another read waits for its records", op->map);
		goto free;
	}
	read->fd = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3);
	if (read->fd < 0) {
		reply_failure(id, errno, "read ring buffer %s", op->map);
		end(read);
		goto free;
	}
	return read;
free:
	free(read);
	return NULL;
}

struct taken {
	PB(Records) records;
	uint32_t most;
	size_t longest;
	size_t bytes;
};

static int take(void *context, void *data, size_t size)
{
	struct taken *taken = context;
	ProtobufCBinaryData *record = &taken->records.records[taken->records.n_records];

	if (size > taken->longest) {
		taken->records.too_long++;
		return 0;
	}
	record->data = malloc(size ? size : 1);
	if (!record->data)
		die("no memory for a record of %zu bytes: give the machine more", size);
	memcpy(record->data, data, size);
	record->len = size;
	taken->records.n_records++;
	taken->bytes += size;
	/* libbpf has counted this record as consumed, and leaves the others where they are. */
	return taken->records.n_records >= taken->most || taken->bytes >= taken->longest ? -ECANCELED : 0;
}

void bpf_ring_read(uint32_t id, const PB(RingRead) *op, struct ring_read *read)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	struct taken taken = { .records = KSPLAT__AGENT__RECORDS__INIT };
	struct ring_buffer *ring;
	int n;

	taken.most = op->most ? op->most : 1;
	if (taken.most > RECORDS_MAX)
		taken.most = RECORDS_MAX;
	taken.longest = op->most_bytes < BYTES_MAX ? op->most_bytes : BYTES_MAX;
	taken.records.records = calloc(taken.most, sizeof(*taken.records.records));
	if (!taken.records.records)
		die("no memory for %u records: give the machine more", taken.most);
	ring = ring_buffer__new(read->fd, take, &taken, NULL);
	n = ring ? ring_buffer__poll(ring, op->timeout_ms < TIMEOUT_MAX_MS ? op->timeout_ms : TIMEOUT_MAX_MS) : -errno;
	ring_buffer__free(ring);
	end(read);
	close(read->fd);
	free(read);
	if (n < 0 && n != -ECANCELED && n != -EINTR) {
		reply_failure(id, -n, "read ring buffer %s", op->map);
	} else {
		response.id = id;
		response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_RECORDS;
		response.records = &taken.records;
		channel_send(&response);
	}
	for (size_t i = 0; i < taken.records.n_records; i++)
		free(taken.records.records[i].data);
	free(taken.records.records);
}
