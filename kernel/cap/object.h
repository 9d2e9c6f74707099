/* SPDX-License-Identifier: MIT */
/*
 * The header of every kernel object.
 *
 * An object lives while something refers to it: handles, mappings, queued work. References are
 * counted; at zero, ops->destroy runs after a grace period, so that a CPU that has just looked the
 * object up without a reference can finish with it. "Nobody can reach it any more" is another
 * event than "nothing refers to it": when the last handle goes, ops->unreachable is told, and when
 * the last handle with the type's first own right (bit 16: RECV of a port, CALL of a session) goes,
 * ops->inactive is.
 *
 * Signals are level-triggered states. Observers (a waiting thread, a binding to a port) are told of
 * every change that sets a signal they asked for, under the object's signal lock.
 */
#pragma once

#include <stdbool.h>
#include <quay/abi/object.h>
#include "core/lock.h"
#include "core/sync.h"
#include "cap/account.h"
#include "lib/list.h"

struct object;
struct handle_entry;

/* What a type is: what its records look like and cost, and what happens at their end. */
struct object_ops {
    const char *name;
    uint16_t size, alignment;
    uint16_t offset;  /* of the struct object in the record */
    uint8_t type;     /* enum object_type */
    uint8_t resource; /* enum job_resource that each costs beside memory; JOB_MEMORY: none */

    /* Gives back what the object holds, and then the object itself (object_free). Runs after the
     * grace period, with nothing held; bounded work. NULL: it holds nothing. */
    void (*destroy)(struct object *object);
    /* The last handle was closed. May be NULL. Nothing held. */
    void (*unreachable)(struct object *object);
    /* The last handle with right bit 16 was closed. May be NULL. Nothing held. */
    void (*inactive)(struct object *object);
};

/* The first part of a type's ops: records of `struct noun` with a member `object`. */
#define OBJECT_RECORD(noun, type_, alignment_)                                                     \
    .name = #noun, .size = sizeof(struct noun), .alignment = (alignment_),                         \
    .offset = offsetof(struct noun, object), .type = (type_)

struct object {
    const struct object_ops *ops;
    struct account *account; /* that pays; NULL: nobody */
    koid_t koid;
    uint8_t type; /* enum object_type */

    uint32_t references; /* atomic */

    /* Derivation, under tree_lock: all handles in preorder, see handle.h. */
    struct spinlock tree_lock;
    struct handle_entry *tree_first;
    struct handle_entry *work_root;   /* of the revoke or flattening under way, or NULL */
    struct handle_entry *work_cursor; /* flattening: where it goes on; NULL: a revoke */
    uint32_t handle_count;
    uint32_t active_count; /* those with right bit 16 */

    /* Signals, under signal_lock; `signals` may be read without. */
    struct spinlock signal_lock;
    signals_t signals;
    uint32_t ends; /* atomic: how often the last handle went, in the grace period under way */
    struct list observers; /* struct observer.link */

    struct sync_node grace;
};

/* Someone who wants to know about signals. */
struct observer {
    struct list link;
    struct object *object; /* being watched; the owner of the observer keeps a reference */
    signals_t mask;
    /* Called under the object's signal lock with the signals of the mask that are set now. May
     * take locks ranked above LOCK_RANK_OBJECT. May take this observer out of the list, and no
     * other. */
    void (*notify)(struct observer *observer, signals_t signals);
};

/* Makes the type's cache. Once for each type, at boot. */
void object_type_init(const struct object_ops *ops);

/* A zeroed record of the type, charged to the account (NULL: nobody pays), which object_init has
 * been called for. -ENOMEM, -EQUOTA. */
MUST_USE int object_create(const struct object_ops *ops, struct account *account,
                           struct object **ret_object);

/* Frees what object_create made and takes back its charge. For ops->destroy. */
void object_free(struct object *object);

/* One reference, no handle, no signal, a new koid. */
void object_init(struct object *object, enum object_type type, const struct object_ops *ops);

/* Adds a reference; the caller has one, or looked the object up in this entry (see try_ref). */
void object_ref(struct object *object);

/* Adds a reference unless the object is already on its way out. For pointers found without one. */
MUST_USE bool object_try_ref(struct object *object);

/* Takes the caller's reference away; NULL does nothing. */
void object_unref(struct object *object);

/* Clears, then sets signals and tells the observers what became set. */
void object_signal(struct object *object, signals_t clear, signals_t set);

/* The same for types that keep their own state under the signal lock. */
void object_signal_locked(struct object *object, signals_t clear, signals_t set)
    REQUIRES(&object->signal_lock);

/* Adds an observer, and tells it at once if a signal of its mask is set already. */
void object_observe(struct object *object, struct observer *observer);
void object_observe_locked(struct object *object, struct observer *observer)
    REQUIRES(&object->signal_lock);

/* Removes it; after this it is not called any more. Does nothing if it is not there. */
void object_unobserve(struct observer *observer);

/* Live objects of a type, and the size of a record that object_create makes, for the figures. */
uint64_t object_count(enum object_type type);
uint32_t object_record_size(enum object_type type);
