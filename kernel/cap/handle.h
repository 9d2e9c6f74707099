/* SPDX-License-Identifier: MIT */
/*
 * Handles, their tables, and where each came from.
 *
 * A handle is 64 bits: the low 24 are the slot's index, the upper 40 its generation, which never
 * repeats: a slot whose generations are used up is retired. The table is an array of chunks of 64
 * slots; chunks never move and live as long as the process. A slot is one cache line.
 *
 *     table -> chunks[] -> | entry | entry | ... 64 |
 *                             |
 *                             v  next/prev: the derivation list of the entry's object
 *
 * Looking up takes no lock and no reference. It compares the value, reads object, type and rights,
 * and compares the value again; a slot is emptied by clearing the value first and filled by writing
 * it last. Values never repeat, so two that match prove that what was read between them belongs to
 * the handle. Once would not do: the value of a slot's next handle can be guessed, and what was
 * read before it appeared is the last one's.
 *
 * All handles of an object hold one reference to it in common, which goes a grace period after the
 * last handle went. So an object that was looked up stays allocated until the kernel is left
 * (sync.h), and whoever wants to keep it longer may take a reference of its own.
 *
 * Derivation: all handles to one object stand in one list in preorder, each with its depth; the
 * descendants of an entry are the entries behind it that are deeper. Two operations may touch many
 * entries, so they run in bounded steps:
 *
 *     revoke   empties the descendants one after the other;
 *     flatten  before an entry with descendants is closed, they move up by one, so that they become
 *              its siblings and not those of whoever happens to stand before it.
 *
 * The object notes which of them is under way; whoever wants to change that list meanwhile does a
 * step itself and starts over (-ERETRY), so neither can be outrun or forgotten. A slot emptied by a
 * revoke answers EREVOKED until its owner closes it.
 */
#pragma once

#include <quay/abi/errno.h>
#include "cap/object.h"

#define HANDLE_INDEX_BITS      24
#define HANDLE_GENERATION_STEP (1ul << HANDLE_INDEX_BITS)
#define HANDLE_CHUNK_SLOTS     64u
#define HANDLE_TABLE_MAX       (1u << 20) /* slots of one process */
#define HANDLE_STEP            16         /* entries of a list touched in one go */

/* `flags` of an entry. */
#define HANDLE_FREE     0u
#define HANDLE_RESERVED 1u /* taken, not filled yet */
#define HANDLE_LIVE     2u
#define HANDLE_REVOKED  3u
#define HANDLE_MOVED    4u /* on its way: as good as reserved, but still counted in its object */

struct handle_entry {
    handle_t value; /* 0 while free or reserved; written last, compared last */
    struct object *object;
    uint32_t rights;
    uint32_t type;

    /* Under the object's tree_lock. */
    struct handle_entry *next, *prev;
    uint32_t depth;

    /* Under the table's lock, or the tree lock while LIVE. */
    uint8_t state;
    uint8_t ipc_type; /* OBJECT_SESSION: can be called; OBJECT_PORT: received from; else 0 */
    struct handle_table *table;
    uint64_t generation_index; /* what the value will be, or was: generation and index */
};

_Static_assert(sizeof(struct handle_entry) == 64, "one cache line");

/* An entry that no handle leads to. */
extern struct handle_entry handle_none;

struct handle_table {
    /* Read without the lock; replaced as a whole when it grows. */
    struct handle_entry **chunks;
    uint32_t chunk_count; /* written after chunks */

    struct spinlock lock;
    struct account *account;
    uint32_t chunk_capacity;
    uint32_t live_count;
    struct handle_entry *free_first; /* by next */
    bool closed;                     /* the process is gone: nothing may come in */
    uint32_t drain_index;            /* where handle_table_drain goes on */
    uint32_t fork_index;             /* slots below are as in the table that it is a fork of */
    uint32_t fork_end;               /* slots below were made for that */
};

/* An empty table, its memory charged to the account as it grows. */
void handle_table_init(struct handle_table *table, struct account *account);

/* Closes a bounded number of handles and forbids new ones; true when none is left. */
MUST_USE bool handle_table_drain(struct handle_table *table);

/* Frees a bounded part of a drained table's memory, at which nobody may be looking any more (a
 * grace period after the drain); true when done. */
MUST_USE bool handle_table_fini(struct handle_table *table);

/* The slot of an index, or NULL. For lookups and tests. */
static inline struct handle_entry *handle_slot(const struct handle_table *table, handle_t handle)
{
    uint32_t index = (uint32_t)handle & ((1u << HANDLE_INDEX_BITS) - 1);
    uint32_t chunk = index / HANDLE_CHUNK_SLOTS;

    /* Pairs with the release in table_grow: a count read here means chunks of at least that many.
     */
    if (UNLIKELY(chunk >= __atomic_load_n(&table->chunk_count, __ATOMIC_ACQUIRE))) {
        return NULL;
    }
    return &__atomic_load_n(&table->chunks, __ATOMIC_ACQUIRE)[chunk][index % HANDLE_CHUNK_SLOTS];
}

/* *The* security check. 0 and the object, if the handle is live, of this type (OBJECT_NONE: any)
 * and has all these rights; else -EBADF, -EREVOKED, -EWRONG_TYPE or -EACCES, in this order. The
 * object is borrowed until the end of this kernel entry. */
MUST_USE int handle_lookup(const struct handle_table *table, handle_t handle, enum object_type type,
                           rights_t rights, struct object **ret_object);

/* The good case of handle_lookup in line, for the doors that are called most: the object, or NULL,
 * upon which handle_lookup tells why. The order of the reads is handle_lookup's. */
static ALWAYS_INLINE struct object *handle_peek(const struct handle_table *table, handle_t handle,
                                                enum object_type type, rights_t rights)
{
    const struct handle_entry *entry = handle_slot(table, handle);

    if (LIKELY(entry != NULL && handle != HANDLE_INVALID &&
               __atomic_load_n(&entry->value, __ATOMIC_ACQUIRE) == handle)) {
        struct object *object = __atomic_load_n(&entry->object, __ATOMIC_ACQUIRE);
        uint32_t entry_type = __atomic_load_n(&entry->type, __ATOMIC_ACQUIRE);
        rights_t missing = rights & ~__atomic_load_n(&entry->rights, __ATOMIC_ACQUIRE);

        if (LIKELY(__atomic_load_n(&entry->value, __ATOMIC_ACQUIRE) == handle &&
                   entry_type == type && missing == 0)) {
            return object;
        }
    }
    return NULL;
}

/* handle_lookup by way of handle_peek. */
MUST_USE static ALWAYS_INLINE int handle_lookup_fast(const struct handle_table *table,
                                                     handle_t handle, enum object_type type,
                                                     rights_t rights, struct object **ret_object)
{
    struct object *object = handle_peek(table, handle, type, rights);

    if (LIKELY(object != NULL)) {
        *ret_object = object;
        return 0;
    }
    return handle_lookup(table, handle, type, rights, ret_object);
}

/* The same, and what the handle carries. */
MUST_USE int handle_lookup_rights(const struct handle_table *table, handle_t handle,
                                  enum object_type type, rights_t rights,
                                  struct object **ret_object, rights_t *ret_rights);

/* Takes a slot for a handle to come: 0, -ENOMEM or -EMFILE. It stays invisible until installed. */
MUST_USE int handle_reserve(struct handle_table *table, struct handle_entry **ret_entry);

/* Gives a reserved slot back; NULL does nothing. */
void handle_unreserve(struct handle_entry *entry);

/* Both or none. */
MUST_USE int handle_reserve_two(struct handle_table *table, struct handle_entry *entries[2]);
void handle_unreserve_two(struct handle_entry *entries[2]);

/* Fills a reserved slot with a root handle: no parent. Takes over the caller's reference. Returns
 * the handle. */
handle_t handle_install(struct handle_entry *entry, struct object *object, rights_t rights);

/* Reserves and fills a slot for a new object. If that fails, the object ends as when its last
 * handle is closed. The handle or the error; takes the caller's reference over in any case. */
MUST_USE int64_t handle_create(struct handle_table *table, struct object *object, rights_t rights);

/* Fills two reserved slots at once: a root handle, which takes over the caller's reference, and a
 * handle derived from it, which gets one of its own. */
void handle_install_pair(struct handle_entry *entry, rights_t rights, struct handle_entry *child,
                         rights_t child_rights, struct object *object, handle_t *ret_handle,
                         handle_t *ret_child);

/* Fills a reserved slot with a handle derived from `source` of another (or the same) table, which
 * needs RIGHT_DUP, with at most `rights`. 0, or the lookup's errors; -ERETRY: a revoke was under
 * way and was helped along; run the whole call again. On errors the slot stays reserved. */
MUST_USE int handle_derive(struct handle_entry *entry, struct handle_table *source_table,
                           handle_t source, rights_t rights, handle_t *ret_handle);

/* Whether the handle has these rights and its object can be derived from and moved right now: 0,
 * the lookup's errors, or -ERETRY after helping along what is under way on its list. */
MUST_USE int handle_settle(struct handle_table *table, handle_t handle, rights_t rights);

/*
 * Moves a handle into a reserved slot, which takes over its place in the derivation list. Needs
 * RIGHT_TRANSFER. Errors as handle_derive. Until the move is finished or undone neither slot can be
 * looked up, and the object still counts the old one: a message moves several handles, all or none,
 * and no object may notice that its last handle was on the way.
 */
MUST_USE int handle_move(struct handle_entry *entry, struct handle_table *source_table,
                         handle_t source, rights_t rights, struct handle_entry **ret_source);

/* Makes a move final: the new handle, which it returns, can be used, and the old slot is freed. */
handle_t handle_move_finish(struct handle_entry *entry, struct handle_entry *source);

/* Puts a moved handle back as it was. If it was revoked meanwhile, the old slot says so. `entry` is
 * given back to its table. */
void handle_move_undo(struct handle_entry *entry, struct handle_entry *source);

/*
 * Fills an empty table with the handles of another one that may be duplicated and transferred: same
 * values, same rights, siblings in their derivation lists. Numbers that mean nothing there, mean
 * nothing here. Does a step: 0 when all is done; -ERETRY: call again; -EBUSY: the table was not
 * empty, or is closed; -EINVAL: the same; -ENOMEM.
 */
MUST_USE int handle_table_fork(struct handle_table *table, struct handle_table *source);

/* For handle.c: returns a slot to its table. */
void handle_slot_free(struct handle_entry *entry);

/* For handle_table_fork: makes sure that there is a slot `index`: 0, -EBUSY, -ENOMEM. Then takes
 * it, for this value, or makes it free, for this one as its next; false: another thread did. */
MUST_USE int handle_fork_grow(struct handle_table *table, uint32_t index);
MUST_USE bool handle_fork_slot(struct handle_table *table, uint32_t index, handle_t value,
                               bool is_taken);

/* Closes a handle, also a revoked one: 0, -EBADF, or -ERETRY as above. */
MUST_USE int handle_close(struct handle_table *table, handle_t handle);

/* Empties every handle derived from this one: 0 when done; -ERETRY: a step was done, call again;
 * -EBADF. Needs no right: it takes away only what came through this handle. */
MUST_USE int handle_revoke(struct handle_table *table, handle_t handle);
