/* SPDX-License-Identifier: MIT */
/*
 * Memory objects: a row of pages that address spaces map.
 *
 *   anonymous   pages come from the frame allocator, zeroed, when they are first touched; the page
 *               and the nodes that find it are charged to the creator's account as they come
 *   physical    a range of device registers or firmware tables; nothing is allocated or freed
 *   frames      a range of RAM that was set aside before the frame allocator started (boot archive)
 *
 * Pages are found through a radix tree of 512-entry nodes. Its root, 8 entries, lies in the record,
 * so that a small object needs no node at all:
 *
 *     root[8] --> node[512] --> node[512] --> frame          (the depth follows from the size)
 *
 * A page, once committed, stays at its place until the object is destroyed, and every mapping holds
 * a reference to the object. So page tables and TLBs may point to a frame without counting it, as
 * long as the mapping's reference is given back only after the last translation is gone (aspace.h).
 */
#pragma once

#include "cap/account.h"
#include "cap/object.h"
#include "lib/compiler.h"
#include "lib/types.h"

#define MEMORY_ROOT_ENTRIES 8u
#define MEMORY_SIZE_MAX     (1ul << 42) /* 4 TiB: what three levels below the root can find */

enum memory_kind {
    MEMORY_ANONYMOUS,
    MEMORY_PHYSICAL,
    MEMORY_FRAMES,
};

struct memory {
    struct object object;

    /* Fixed. */
    struct account *account; /* pays for the record, the nodes and the pages */
    uint64_t page_count;
    struct paddr start; /* physical, frames */
    enum memory_kind kind;
    uint8_t shift; /* anonymous: index bits below the root */

    struct spinlock lock;
    /* Under the lock; an entry may be read without it, because it never changes once it is set. */
    uint64_t root[MEMORY_ROOT_ENTRIES]; /* at the last level: physical address of the page, or 0 */
    uint64_t committed;                 /* pages */

    /* Destroying, in steps. */
    struct sync_node drain;
    uint64_t drain_index; /* pages below are gone */
};

static inline struct memory *memory_of(struct object *object)
{
    return CONTAINER_OF(object, struct memory, object);
}

/* Once at boot; part of vm_init. */
void memory_init(void);

/* Anonymous memory, size rounded up to whole pages. Returns a reference. 0, -EINVAL for an empty
 * one, -E2BIG beyond MEMORY_SIZE_MAX, -ENOMEM. */
MUST_USE int memory_create(struct account *account, uint64_t size_bytes,
                           struct memory **ret_memory);

/* Registers of a device or tables of the firmware; start and size are page aligned. Returns a
 * reference. 0, -EINVAL, -EACCES for RAM that the kernel manages, -ENOMEM. */
MUST_USE int memory_create_physical(struct account *account, struct paddr start,
                                    uint64_t size_bytes, struct memory **ret_memory);

/* The same over RAM that nobody else uses, cached; it stays what it is when the object goes. Who
 * installs the handle decides whether it may be written. */
MUST_USE int memory_create_from_frames(struct account *account, struct paddr start,
                                       uint64_t size_bytes, struct memory **ret_memory);

/* The page with this index, which is below page_count; an anonymous one is committed if it is not
 * yet. 0 or -ENOMEM. May be called under the lock of an address space. */
MUST_USE int memory_page(struct memory *memory, uint64_t index, struct paddr *ret_page);

/* The page if it is committed, without allocating or locking. */
MUST_USE bool memory_peek(const struct memory *memory, uint64_t index, struct paddr *ret_page);

struct memory_figures {
    uint64_t size_bytes;
    uint64_t committed_bytes; /* anonymous pages; 0 for the other kinds */
};
void memory_figures(struct memory *memory, struct memory_figures *ret_figures);

/* Anonymous pages of all memory objects, in bytes. */
uint64_t memory_committed_bytes(void);
