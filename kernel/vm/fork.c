/* SPDX-License-Identifier: MIT */
/*
 * Fork: an empty address space is filled with what another one maps.
 *
 *     source     [ COPY ]   [ SHARE ]   [ NONE ]   [ ZERO ]
 *                    |           |                     |
 *     child      [ clone ]  [ the same memory ]    [ new memory ]
 *
 * It goes mapping by mapping, in the order of addresses, and over the pages of a clone some at a
 * time; the child keeps how far it is. Each step stands for itself, so the source may change in
 * between, and each page is copied as it is at some time during the fork. Nothing else is mapped in
 * the child and no thread of it starts before all is done.
 */
#include "lib/checked.h"
#include "sched/sched.h"
#include "vm/mapping.h"
#include <quay/abi/errno.h>

#define ALIASES_MAX 32u /* mappings of one memory that are looked at */

/* The first mapping of the source that ends behind `address`, as it is now from there on, with a
 * reference to its memory. 0; -ENOENT: there is none; -ESRCH, -EBUSY. */
static int piece_find(struct aspace *source, uint64_t address, struct mapping *ret_piece)
{
    struct mapping *mapping;
    int status = -ENOENT;

    spin_lock(&source->lock);
    mapping = mapping_first_locked(source, address);
    if (source->state != ASPACE_OPEN) {
        status = source->state == ASPACE_CLOSED ? -ESRCH : -EBUSY;
    } else if (mapping != NULL) {
        uint64_t skipped = max_u64(address, mapping->start) - mapping->start;

        *ret_piece = *mapping;
        ret_piece->start += skipped;
        ret_piece->offset += skipped;
        ret_piece->size_bytes -= skipped;
        object_ref(&mapping->memory->object);
        status = 0;
    }
    spin_unlock(&source->lock);
    return status;
}

/* The clone of the memory that the child maps already, for another mapping of the source; NULL if
 * there is none. Two views of one memory stay that. */
static struct memory *clone_find(struct aspace *child, const struct aspace *source,
                                 struct memory *memory) REQUIRES(&child->lock)
{
    unsigned budget = ALIASES_MAX;
    struct memory *clone = NULL;

    spin_lock(&memory->lock);
    LIST_FOREACH (each, &memory->mappings) {
        /* SAFETY: `start` is read without the lock of its address space: only to look there. */
        const struct mapping *other = CONTAINER_OF(each, struct mapping, link);
        const struct mapping *mapping = NULL;

        if (budget-- == 0) {
            break;
        }
        if (other->aspace == source && other->start < child->fork.next) {
            mapping = mapping_search_locked(child, other->start);
        }
        if (mapping != NULL && mapping->memory->parent == memory) {
            clone = mapping->memory;
            break;
        }
    }
    spin_unlock(&memory->lock);
    return clone;
}

/* What the child maps for a piece: a reference to it. 0 or -ENOMEM. */
static int memory_for(struct aspace *child, const struct aspace *source, struct mapping *piece,
                      struct memory **ret_memory) REQUIRES(&child->lock)
{
    struct account *account = child->object.account;
    struct memory *memory = piece->memory, *clone;

    if (piece->fork == MAP_FORK_ZERO) {
        piece->offset = 0;
        return memory_create(account, piece->size_bytes, ret_memory);
    }
    if (piece->fork == MAP_FORK_SHARE || memory->kind != MEMORY_ANONYMOUS ||
        memory->pager != NULL) {
        clone = memory;
    } else {
        clone = clone_find(child, source, memory);
        child->fork.from = memory;
        if (clone == NULL) {
            return memory_clone(account, memory, 0, memory_size(memory), ret_memory);
        }
    }
    object_ref(&clone->object);
    *ret_memory = clone;
    return 0;
}

/* Maps a piece in the child. 0 or -ENOMEM. */
static int piece_map(struct aspace *child, const struct aspace *source, struct mapping *piece)
    REQUIRES(&child->lock)
{
    struct mapping *mapping;
    struct memory *memory;
    int status;

    child->fork.from = NULL;
    status = memory_for(child, source, piece, &memory);
    if (status != 0) {
        return status;
    }
    status = mapping_take_locked(child, &mapping);
    if (status == 0) {
        *mapping = (struct mapping){
            .start = piece->start,
            .size_bytes = piece->size_bytes,
            .aspace = child,
            .offset = piece->offset,
            .swept = mapping_end(piece),
            .flags = piece->flags,
            .allowed = piece->allowed,
            .fork = piece->fork,
        };
        mapping_attach(mapping, memory, NULL);
        mapping_insert_locked(child, mapping_floor_locked(child, piece->start), mapping);
    }
    object_unref(&memory->object);
    return status;
}

/* Goes on with the next mapping. -ERETRY, or 0 when there is none. */
static int next_mapping(struct aspace *child, struct aspace *source)
{
    uint64_t next = __atomic_load_n(&child->fork.next, __ATOMIC_RELAXED);
    struct memory *unused = NULL;
    struct mapping piece;
    int status = piece_find(source, next, &piece);

    if (status != 0 && status != -ENOENT) {
        return status;
    }
    spin_lock(&child->lock);
    if (child->state != ASPACE_FORKING || child->fork.next != next || child->fork.from != NULL) {
        unused = status == 0 ? piece.memory : NULL; /* another thread was faster */
        status = -ERETRY;
    } else if (status == -ENOENT) {
        __atomic_store_n(&child->state, ASPACE_OPEN, __ATOMIC_RELEASE);
        status = 0;
    } else {
        bool is_skipped = piece.dying || piece.fork == MAP_FORK_NONE;

        status = is_skipped ? 0 : piece_map(child, source, &piece);
        if (status != 0) {
            child->fork.from = NULL;
        } else {
            child->fork.end = mapping_end(&piece);
            child->fork.next = child->fork.from == NULL ? child->fork.end : piece.start;
            status = -ERETRY;
        }
        unused = child->fork.from == NULL ? piece.memory : NULL;
    }
    spin_unlock(&child->lock);
    object_unref(unused == NULL ? NULL : &unused->object);
    return status;
}

/* Clones the next pages. Returns the bytes got over, 0 at the end of the mapping. */
static int64_t next_pages(struct aspace *child, bool *ret_waits) REQUIRES(&child->lock)
{
    struct memory *from = child->fork.from;
    uint64_t next = child->fork.next, offset, size = memory_size(from);
    const struct mapping *mapping = mapping_find_locked(child, next);

    if (next >= child->fork.end || mapping == NULL || mapping->memory->parent != from) {
        return 0;
    }
    offset = mapping->offset + (next - mapping->start);
    size = min_u64(size, memory_size(mapping->memory));
    if (offset >= size) {
        return 0;
    }
    size = min_u64(size - offset, min_u64(child->fork.end, mapping_end(mapping)) - next);
    return memory_supply(mapping->memory, offset, from, offset, size, ret_waits);
}

/* Whether `child` can be, or is being, filled from `source`. */
static int fork_begin(struct aspace *child, const struct aspace *source) REQUIRES(&child->lock)
{
    if (child->state == ASPACE_OPEN && child->mapping_count == 0) {
        child->state = ASPACE_FORKING;
        child->fork.source = source->object.koid;
        child->fork.next = 0;
        return 0;
    }
    if (child->state == ASPACE_CLOSED) {
        return -ESRCH;
    }
    return child->state == ASPACE_FORKING && child->fork.source == source->object.koid ? 0 : -EBUSY;
}

int64_t aspace_fork(struct aspace *child, struct aspace *source)
{
    struct memory *finished = NULL;
    bool waits = false;
    int64_t status;

    if (child == source) {
        return -EINVAL;
    }
    spin_lock(&child->lock);
    status = fork_begin(child, source);
    if (status == 0 && child->fork.from != NULL) {
        status = next_pages(child, &waits);
        if (status == 0) {
            finished = child->fork.from;
            child->fork.from = NULL;
            child->fork.next = child->fork.end;
        }
    }
    if (status > 0) {
        child->fork.next += (uint64_t)status;
        status = -ERETRY;
    }
    spin_unlock(&child->lock);
    if (waits) {
        frame_restart(&thread_current()->frame);
        return sched_wait(DEADLINE_NEVER);
    }
    object_unref(finished == NULL ? NULL : &finished->object);
    status = status == 0 ? next_mapping(child, source) : status;
    return status == -ERANGE ? -ERETRY : status; /* the source was cut off meanwhile */
}
