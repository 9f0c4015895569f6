/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lists and trees of a program's own objects, under a lock of the program's. Define VARIANT_* before including it, and
 * VARIANT_..._spin_lock for a lock that does not find deadlocks.
 */
#include "operation.bpf.h"

#define __contains(type, field) __attribute__((btf_decl_tag("contains:" #type ":" #field)))
#ifndef PRIVATE
#define PRIVATE ".data."
#endif
#define private(name) SEC(PRIVATE #name) __hidden __attribute__((aligned(8)))
#define NODES 64

void *bpf_obj_new_impl(u64 local_type_id, void *meta) __ksym __weak;
void bpf_obj_drop_impl(void *object, void *meta) __ksym __weak;

#if defined(VARIANT_list_push_spin_lock)
#define LOCK_TYPE struct bpf_spin_lock
static __always_inline long take(struct bpf_spin_lock *taken)
{
	bpf_spin_lock(taken);
	return 0;
}
#define give(taken) bpf_spin_unlock(taken)
#else
int bpf_res_spin_lock(struct bpf_res_spin_lock *lock) __ksym __weak;
void bpf_res_spin_unlock(struct bpf_res_spin_lock *lock) __ksym __weak;
#define LOCK_TYPE struct bpf_res_spin_lock
#define take(taken) bpf_res_spin_lock(taken)
#define give(taken) bpf_res_spin_unlock(taken)
#endif

#if defined(VARIANT_lock)
private(A) LOCK_TYPE lock;
u64 guarded;
#elif defined(VARIANT_tree_add) || defined(VARIANT_tree_move)
struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __ksym __weak;
struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym __weak;
int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
			bool (*less)(struct bpf_rb_node *one, const struct bpf_rb_node *other), void *meta, u64 offset) __ksym __weak;

struct local {
	struct bpf_rb_node node;
	u64 value;
};

private(A) LOCK_TYPE lock;
private(A) struct bpf_rb_root root __contains(local, node);

static bool less(struct bpf_rb_node *one, const struct bpf_rb_node *other)
{
	return container_of(one, struct local, node)->value < container_of(other, struct local, node)->value;
}
#else
int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, u64 offset) __ksym __weak;
struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __ksym __weak;

struct local {
	struct bpf_list_node node;
	u64 value;
};

private(A) LOCK_TYPE lock;
private(A) struct bpf_list_head head __contains(local, node);
#endif

#if !defined(VARIANT_lock)
static __always_inline long add(u64 value)
{
	struct local *object = bpf_obj_new_impl(bpf_core_type_id_local(struct local), NULL);
	long result;

	if (!object)
		return -1;
	object->value = value;
	result = take(&lock);
	if (result) {
		bpf_obj_drop_impl(object, NULL);
		return result;
	}
#if defined(VARIANT_tree_add) || defined(VARIANT_tree_move)
	bpf_rbtree_add_impl(&root, &object->node, less, NULL, 0);
#else
	bpf_list_push_front_impl(&head, &object->node, NULL, 0);
#endif
	give(&lock);
	return 0;
}
#endif

#if defined(VARIANT_list_move) || defined(VARIANT_tree_move)
/* Takes the first one out and puts it back: since 7.2 a tracing program may not drop what has a node. */
static __always_inline long move_first(void)
{
#if defined(VARIANT_tree_move)
	struct bpf_rb_node *node;
#else
	struct bpf_list_node *node;
#endif
	long result = take(&lock);

	if (result)
		return result;
	result = -1;
#if defined(VARIANT_tree_move)
	node = bpf_rbtree_first(&root);
	if (node)
		node = bpf_rbtree_remove(&root, node);
	if (node) {
		bpf_rbtree_add_impl(&root, node, less, NULL, 0);
		result = 0;
	}
#else
	node = bpf_list_pop_front(&head);
	if (node) {
		bpf_list_push_front_impl(&head, node, NULL, 0);
		result = 0;
	}
#endif
	give(&lock);
	return result;
}
#endif

#if defined(VARIANT_list_move) || defined(VARIANT_tree_move)
static long fill(u64 i, void *ctx)
{
	return add(i) != 0;
}
#endif

static __always_inline long prepare(void)
{
#if defined(VARIANT_list_move) || defined(VARIANT_tree_move)
	bpf_loop(NODES, fill, NULL, 0);
#endif
	return 0;
}

static __always_inline long operation(void *ctx, u32 turn)
{
#if defined(VARIANT_lock)
	long result = take(&lock);

	if (result)
		return result;
	guarded++;
	give(&lock);
	return 0;
#elif defined(VARIANT_list_move) || defined(VARIANT_tree_move)
	return move_first();
#else
	return add(turn);
#endif
}
