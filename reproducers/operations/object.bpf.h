/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Objects that a program allocates itself. Define VARIANT_* before including it. */
#include "operation.bpf.h"

void *bpf_obj_new_impl(u64 local_type_id, void *meta) __ksym __weak;
void bpf_obj_drop_impl(void *object, void *meta) __ksym __weak;
void *bpf_percpu_obj_new_impl(u64 local_type_id, void *meta) __ksym __weak;
void bpf_percpu_obj_drop_impl(void *object, void *meta) __ksym __weak;
void *bpf_refcount_acquire_impl(void *object, void *meta) __ksym __weak;

struct local {
	u64 value;
#if defined(VARIANT_refcount)
	struct bpf_refcount references;
#endif
};

#if defined(VARIANT_exchange)
struct object_slot {
	struct local __kptr *object;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct object_slot);
} map SEC(".maps");
#endif

static __always_inline long prepare(void)
{
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
#if defined(VARIANT_percpu_new_drop)
	struct local __attribute__((btf_type_tag("percpu_kptr"))) *object =
		bpf_percpu_obj_new_impl(bpf_core_type_id_local(struct local), NULL);

	if (!object)
		return -1;
	bpf_percpu_obj_drop_impl(object, NULL);
	return 0;
#else
	struct local *object = bpf_obj_new_impl(bpf_core_type_id_local(struct local), NULL);
#if defined(VARIANT_refcount)
	struct local *again;
#elif defined(VARIANT_exchange)
	struct object_slot *slot;
	u32 key = 0;
#endif

	if (!object)
		return -1;
	object->value = turn;
#if defined(VARIANT_refcount)
	again = bpf_refcount_acquire_impl(object, NULL);
	if (again)
		bpf_obj_drop_impl(again, NULL);
#elif defined(VARIANT_exchange)
	slot = bpf_map_lookup_elem(&map, &key);
	if (!slot) {
		bpf_obj_drop_impl(object, NULL);
		return -2;
	}
	object = bpf_kptr_xchg(&slot->object, object);
	if (!object)
		return 0;
#endif
	bpf_obj_drop_impl(object, NULL);
	return 0;
#endif
}
