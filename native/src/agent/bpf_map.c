// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Operations on elements of maps and on bytes of global sections. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent.h"

/* The most keys in one answer, whatever its limit: a map may have hundreds of millions. */
#define KEYS_MAX (1u << 20)

static size_t value_bytes(const struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
		return (size_t)((bpf_map__value_size(map) + 7) & ~7u) * libbpf_num_possible_cpus();
	default:
		return bpf_map__value_size(map);
	}
}

/* Returns NULL after a reply with a failure. A NULL key is not checked. */
static struct bpf_map *find(uint32_t id, uint32_t handle, const char *name, const ProtobufCBinaryData *key)
{
	struct loaded *loaded = bpf_loaded(id, handle);
	struct bpf_map *map;

	if (!loaded)
		return NULL;
	map = bpf_find_map(loaded, name);
	if (!map || bpf_map__fd(map) < 0) {
		reply_failure(id, ENOENT, "map %s: none of that name in BPF object %u", name, handle);
		return NULL;
	}
	if (key && key->len != bpf_map__key_size(map)) {
		reply_failure(id, EINVAL, "map %s: a key of %zu bytes, it takes %u", name, key->len,
			      bpf_map__key_size(map));
		return NULL;
	}
	return map;
}

static const void *or_null(const ProtobufCBinaryData *bytes)
{
	return bytes->len ? bytes->data : NULL;
}

void bpf_map_lookup(uint32_t id, const PB(MapLookup) *op)
{
	struct bpf_map *map = find(id, op->handle, op->map, &op->key);
	uint8_t *value;
	size_t len;

	if (!map)
		return;
	len = value_bytes(map);
	if (len > FRAME_MAX / 2) {
		reply_failure(id, EFBIG, "look up in map %s: values of %zu bytes", op->map, len);
		return;
	}
	value = calloc(1, len ? len : 1);
	if (!value)
		die("no memory for a value of %zu bytes: give the machine more", len);
	if (bpf_map_lookup_elem_flags(bpf_map__fd(map), or_null(&op->key), value, op->flags))
		reply_failure(id, errno, "look up in map %s", op->map);
	else
		reply_bytes(id, value, len, false);
	free(value);
}

void bpf_map_update(uint32_t id, const PB(MapUpdate) *op)
{
	struct bpf_map *map = find(id, op->handle, op->map, &op->key);

	if (!map)
		return;
	if (op->value.len != value_bytes(map))
		reply_failure(id, EINVAL, "map %s: a value of %zu bytes, it takes %zu", op->map, op->value.len,
			      value_bytes(map));
	else if (bpf_map_update_elem(bpf_map__fd(map), or_null(&op->key), or_null(&op->value), op->flags))
		reply_failure(id, errno, "update map %s", op->map);
	else
		reply_done(id);
}

void bpf_map_delete(uint32_t id, const PB(MapDelete) *op)
{
	struct bpf_map *map = find(id, op->handle, op->map, &op->key);

	if (!map)
		return;
	if (bpf_map_delete_elem(bpf_map__fd(map), or_null(&op->key)))
		reply_failure(id, errno, "delete from map %s", op->map);
	else
		reply_done(id);
}

/* A walk over a hash map that changes may never end, so it takes no more keys than the map has room for. */
void bpf_map_keys(uint32_t id, const PB(MapKeys) *op)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Keys) keys = KSPLAT__AGENT__KEYS__INIT;
	struct bpf_map *map = find(id, op->handle, op->map, NULL);
	const void *previous = NULL;
	uint8_t *store = NULL;
	size_t most, size;

	if (!map)
		return;
	size = bpf_map__key_size(map);
	most = bpf_map__max_entries(map);
	if (op->limit && op->limit < most)
		most = op->limit;
	if (most > KEYS_MAX)
		most = KEYS_MAX;
	if (!size || most * (size + 8) > FRAME_MAX) {
		reply_failure(id, EINVAL, "keys of map %s: %zu of %zu bytes: set a lower limit", op->map, most, size);
		return;
	}
	store = malloc(most * size + 1);
	keys.keys = calloc(most ? most : 1, sizeof(*keys.keys));
	if (!store || !keys.keys)
		die("no memory for %zu keys: give the machine more", most);
	while (keys.n_keys < most) {
		uint8_t *key = store + keys.n_keys * size;

		if (bpf_map_get_next_key(bpf_map__fd(map), previous, key)) {
			if (errno == ENOENT)
				break;
			reply_failure(id, errno, "keys of map %s", op->map);
			goto out;
		}
		keys.keys[keys.n_keys].data = key;
		keys.keys[keys.n_keys++].len = size;
		previous = key;
	}
	response.id = id;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_KEYS;
	response.keys = &keys;
	channel_send(&response);
out:
	free(keys.keys);
	free(store);
}

/* A hash map continues from a bucket number, which may be longer than a key. */
static size_t token_bytes(const struct bpf_map *map)
{
	return bpf_map__key_size(map) > sizeof(uint32_t) ? bpf_map__key_size(map) : sizeof(uint32_t);
}

static bool fits(uint32_t id, const struct bpf_map *map, uint32_t count)
{
	if (count && (uint64_t)count * (bpf_map__key_size(map) + value_bytes(map)) <= FRAME_MAX / 2)
		return true;
	reply_failure(id, EINVAL, "a batch of %u elements of map %s: take less", count, bpf_map_label(map));
	return false;
}

static uint8_t *room(size_t len)
{
	uint8_t *at = calloc(1, len ? len : 1);

	if (!at)
		die("no memory for a batch of %zu bytes: give the machine more", len);
	return at;
}

void bpf_map_get_batch(uint32_t id, const PB(MapLookupBatch) *op)
{
	PB(Response) response = KSPLAT__AGENT__RESPONSE__INIT;
	PB(Batch) batch = KSPLAT__AGENT__BATCH__INIT;
	struct bpf_map *map = find(id, op->handle, op->map, NULL);
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint8_t *keys, *values, *next;
	uint32_t count = op->count;
	bool last;
	int error;

	if (!map || !fits(id, map, count))
		return;
	if (op->from.len && op->from.len != token_bytes(map)) {
		reply_failure(id, EINVAL, "map %s: %zu bytes to go on from, not %zu", op->map, op->from.len,
			      token_bytes(map));
		return;
	}
	keys = room((size_t)count * bpf_map__key_size(map));
	values = room(count * value_bytes(map));
	next = room(token_bytes(map));
	error = bpf_map_lookup_batch(bpf_map__fd(map), op->from.len ? op->from.data : NULL, next, keys, values, &count,
				     &opts);
	last = error == -ENOENT;
	if (error && !last) {
		reply_failure(id, -error, "look up a batch in map %s", op->map);
		goto out;
	}
	batch.count = count;
	batch.keys.data = keys;
	batch.keys.len = (size_t)count * bpf_map__key_size(map);
	batch.values.data = values;
	batch.values.len = count * value_bytes(map);
	batch.next.data = next;
	batch.next.len = last ? 0 : token_bytes(map);
	response.id = id;
	response.result_case = KSPLAT__AGENT__RESPONSE__RESULT_BATCH;
	response.batch = &batch;
	channel_send(&response);
out:
	free(keys);
	free(values);
	free(next);
}

void bpf_map_set_batch(uint32_t id, const PB(MapUpdateBatch) *op)
{
	struct bpf_map *map = find(id, op->handle, op->map, NULL);
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = op->flags);
	uint32_t count = op->count;
	int error;

	if (!map || !fits(id, map, count))
		return;
	if (op->keys.len != (size_t)count * bpf_map__key_size(map) || op->values.len != count * value_bytes(map)) {
		reply_failure(id, EINVAL, "map %s: %zu bytes of keys and %zu of values for %u elements", op->map,
			      op->keys.len, op->values.len, count);
		return;
	}
	error = bpf_map_update_batch(bpf_map__fd(map), op->keys.data, op->values.data, &count, &opts);
	if (error)
		reply_failure(id, -error, "update a batch in map %s", op->map);
	else
		reply_done(id);
}

/* Returns NULL after a reply with a failure. */
static const struct mapping *section(uint32_t id, uint32_t handle, const char *name, uint64_t offset, uint64_t len)
{
	const struct loaded *loaded = bpf_loaded(id, handle);
	const struct bpf_map *map;

	if (!loaded)
		return NULL;
	map = bpf_find_map(loaded, name);
	for (size_t i = 0; map && i < loaded->n_mappings; i++) {
		const struct mapping *mapping = &loaded->mappings[i];

		if (mapping->map != map)
			continue;
		if (offset + len > mapping->len) {
			reply_failure(id, ERANGE, "%llu bytes at %llu of %s, which has %zu", (unsigned long long)len,
				      (unsigned long long)offset, name, mapping->len);
			return NULL;
		}
		return mapping;
	}
	reply_failure(id, ENOENT, "section %s: no memory-mapped section of that name in BPF object %u", name, handle);
	return NULL;
}

void bpf_global_read(uint32_t id, const PB(GlobalRead) *op)
{
	const struct mapping *mapping = section(id, op->handle, op->section, op->offset, op->length);

	if (mapping)
		reply_bytes(id, mapping->at + op->offset, op->length, false);
}

/* Writes aligned words as a whole, because a program may be reading the variable. */
static void store(uint8_t *to, const uint8_t *from, size_t len)
{
	while (len) {
		uint64_t eight;
		uint32_t four;

		if (len >= 8 && !((uintptr_t)to & 7)) {
			memcpy(&eight, from, 8);
			__atomic_store_n((uint64_t *)to, eight, __ATOMIC_SEQ_CST);
			to += 8;
			from += 8;
			len -= 8;
		} else if (len >= 4 && !((uintptr_t)to & 3)) {
			memcpy(&four, from, 4);
			__atomic_store_n((uint32_t *)to, four, __ATOMIC_SEQ_CST);
			to += 4;
			from += 4;
			len -= 4;
		} else {
			__atomic_store_n(to++, *from++, __ATOMIC_SEQ_CST);
			len--;
		}
	}
}

void bpf_global_write(uint32_t id, const PB(GlobalWrite) *op)
{
	const struct mapping *mapping = section(id, op->handle, op->section, op->offset, op->data.len);

	if (!mapping)
		return;
	if (!mapping->writable) {
		reply_failure(id, EPERM, "write to %s: the kernel froze it when it was loaded: use BpfLoad.initial",
			      op->section);
		return;
	}
	store(mapping->at + op->offset, op->data.data, op->data.len);
	reply_done(id);
}
