/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stands between two operations of one object: what the task does comes before, what the NMI does comes behind. They have the
 * objects of their family in common if only their ACTION_* differs. With OTHER_OBJECTS the second has objects of its own, and each
 * name of its family's file begins with other_.
 */
#define operation other_operation
#define prepare other_prepare
#define fill other_fill
#define visit other_visit
#define with other_with
#define act other_act

#ifdef OTHER_OBJECTS
#define initialize other_initialize
#define run other_run
#define map other_map
#define nmi_map other_nmi_map
#define map_key other_map_key
#define update other_update
#define push other_push
#define inner other_inner
#define inside other_inside
#define outside other_outside
#define owner other_owner
#define element other_element
#define callback other_callback
#define object_slot other_object_slot
#define stash other_stash
#define targets other_targets
#define stashed other_stashed
#define target_pid other_target_pid
#define error other_error
#define put_away other_put_away
#define shared other_shared
#define on_mkdir other_on_mkdir
#define use other_use
#define area other_area
#define plain other_plain
#define secret other_secret
#define cipher_slot other_cipher_slot
#define frames other_frames
#define device other_device
#define user_data other_user_data
#define user_address other_user_address
#define drained other_drained
#define turned other_turned
#define found other_found
#define guarded other_guarded
#define local other_local
#define lock other_lock
#define head other_head
#define root other_root
#define less other_less
#define add other_add
#define move_first other_move_first
#define entered other_entered
#define text other_text
#define same other_same
#define with_cgroup other_with_cgroup
#define begin other_begin
#define words other_words

#undef ENTRIES
#undef MAP_TYPE
#undef MAP_FLAGS
#undef KEY
#undef PUSH_FLAGS
#undef OBJECT
#undef RELEASE
#undef OBJECTS
#undef OWNER
#undef GET
#undef DELETE
#undef FRAMES
#undef FRAME
#undef STACK_FLAGS
#undef RING_BYTES
#undef NODES
#undef LOCK_TYPE
#undef take
#undef give
#undef PRIVATE
#undef MODE
#undef SCHEDULE
#undef SET_CALLBACK
#undef NAME
#undef ARGUMENTS
#undef OF_CGROUP
#undef FUNCTION
#undef JOINED
#undef JOINED_TYPE
#undef TYPE
#undef PRINT
#undef SET_UP
#undef FRESH
#define PRIVATE ".data.other."

#undef MAP_BPF_H
#undef QUEUE_BPF_H
#undef INNER_MAP_BPF_H
#undef STORAGE_BPF_H
#undef KPTR_DROP_BPF_H
#undef DEFERRED_BPF_H
#endif
