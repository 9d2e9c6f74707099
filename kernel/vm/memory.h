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
 * Large memory takes frames in blocks of LARGE_PAGES, which stand in the place of the last node and
 * are zeroed a step at a time, by the faults on them. A block becomes a node with single frames
 * before one of its pages changes, and where there is none to be had there are single frames too.
 *
 * Every mapping holds a reference to the object and stands in its list. So page tables and TLBs may
 * point to a frame without counting it, as long as a mapping leaves only after the last translation
 * is gone (aspace.h).
 *
 * Memory that is not large is `simple` until it is first cloned, supplied from, resized or
 * decommitted: a page of simple memory, once committed, stays at its place until the end.
 * Afterwards
 *
 * - a frame may belong to several objects: its descriptor counts the others. Who writes to a page
 *   whose frame is shared gets a frame of its own first. Each object pays for all its pages, shared
 *   or not, so that a write never needs more than was paid.
 * - pages change in three steps (change.c): the object notes which, and faults on them wait; the
 *   translations in all mappings go, or lose the permission to write; and when all CPUs have
 *   forgotten them, the frames are let go. One change at a time.
 */
#pragma once

#include "cap/account.h"
#include "cap/object.h"
#include "lib/compiler.h"
#include "lib/list.h"
#include "lib/types.h"

#define MEMORY_ROOT_ENTRIES 8u
#define MEMORY_SIZE_MAX     (1ul << 42) /* 4 TiB: what three levels below the root can find */

enum memory_kind {
    MEMORY_ANONYMOUS,
    MEMORY_PHYSICAL,
    MEMORY_FRAMES,
};

struct memory {
    struct object object; /* whose account pays for the nodes and the pages, too */

    /* Fixed. */
    struct paddr start; /* physical, frames */
    enum memory_kind kind;
    bool is_resizable;
    bool has_blocks;      /* anonymous: there may be some */
    struct object *pager; /* asked for missing pages (object/pager.h), with a reference; or NULL */

    struct spinlock lock;
    /* Under the lock; of simple memory they may be read without, because there they never change,
     * or never again once they are set. */
    uint64_t root[MEMORY_ROOT_ENTRIES]; /* at the last level: physical address of the page, or 0 */
    uint64_t page_count;
    uint8_t shift; /* anonymous: index bits below the root */
    bool is_simple;
    bool is_large; /* frames may follow each other by LARGE_PAGES, and none has changed yet */
    /* Under the lock. */
    uint64_t committed;   /* pages */
    uint64_t top;         /* no page is committed from here on; above page_count while it shrinks */
    struct list mappings; /* struct mapping.link */
    struct {
        uint64_t first;
        uint64_t count;         /* of the pages that change; 0: none do */
        struct list *next;      /* mapping to be swept */
        uint64_t cpus;          /* that have something to forget, as far as is known */
        uint64_t replaced;      /* frame */
        struct vm_wait *waiter; /* or NULL */
        struct sync_node node;
        uint8_t kind;
    } change;

    /* Under the lock of all families. */
    struct memory *parent; /* whose clone it is, or NULL */
    struct list sibling;
    struct list children; /* memory.sibling */

    /* Destroying, in steps. */
    struct sync_node drain;
    uint64_t drain_index; /* pages below are gone */
};

static inline struct memory *memory_of(struct object *object)
{
    return CONTAINER_OF(object, struct memory, object);
}

/* In bytes. Without the lock it may have changed by the time that it is used. */
static inline uint64_t memory_size(const struct memory *memory)
{
    return __atomic_load_n(&memory->page_count, __ATOMIC_RELAXED) << PAGE_SHIFT;
}

extern const struct object_ops memory_ops;

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

/* The page with this index, which is below page_count, of simple memory; an anonymous one is
 * committed if it is not yet. 0 or -ENOMEM. May be called under the lock of an address space. */
MUST_USE int memory_page(struct memory *memory, uint64_t index, struct paddr *ret_page);

/* The page if it is committed, without allocating or locking. Of simple memory only. */
MUST_USE bool memory_peek(const struct memory *memory, uint64_t index, struct paddr *ret_page);

/* Read under the lock of an address space it tells what holds until that is released: a change
 * comes to the mappings there only afterwards. */
static inline bool memory_is_simple(const struct memory *memory)
{
    return __atomic_load_n(&memory->is_simple, __ATOMIC_ACQUIRE);
}

enum memory_page_kind {
    PAGE_SINGLE,
    PAGE_SHARED,   /* is not to be written */
    PAGE_IN_BLOCK, /* one of LARGE_PAGES that may all be mapped, until that lock is released */
};

/* The page for a fault, under the lock of the address space. Also -EFAULT: beyond the end; -ERETRY:
 * the page is changing; -EBUSY: it is to be written and is shared: memory_unshare; -EPAGER: it is
 * missing and has to be supplied. */
MUST_USE int memory_fault(struct memory *memory, uint64_t index, bool is_write,
                          struct paddr *ret_page, enum memory_page_kind *ret_kind);

/* The frame of a page is shared: gives the memory one of its own. 0; -ERETRY: it will have it soon;
 * -ENOMEM. */
MUST_USE int memory_unshare(struct memory *memory, uint64_t index);

/*
 * The following change pages in a system call of the current thread, whose result they return. They
 * do a bounded part of the work. -ERETRY: another change is under way, or (resize) there is more to
 * do: run the call again. -ENOTSUP: not anonymous. SYSCALL_RESUME: the thread waits.
 */

/* Gives back the pages in the range, which read as zeros from then on. Returns how many bytes it
 * has got over. -EINVAL, -ERANGE, -ENOMEM (of large memory). */
MUST_USE int64_t memory_decommit(struct memory *memory, uint64_t offset, uint64_t size_bytes);

/* Changes the size, rounded up to whole pages; what is cut off is given back. 0, -EINVAL, -E2BIG,
 * -ENOMEM. */
MUST_USE int64_t memory_resize(struct memory *memory, uint64_t size_bytes);

/* Puts the pages of `from` into those places of `to` where there are none; the frames are shared
 * until one side writes. Where `from` has no page `to` gets none. Returns how many bytes it has got
 * over. -EINVAL, -ERANGE, -ENOMEM. With *ret_waits the thread is set up to wait, and goes on as its
 * frame will say. May be called under the lock of an address space. */
MUST_USE int64_t memory_supply(struct memory *to, uint64_t to_offset, struct memory *from,
                               uint64_t from_offset, uint64_t size_bytes, bool *ret_waits);

/* An empty clone of that part of the memory, which memory_supply has to fill. Returns a reference.
 * 0, -EINVAL, -ERANGE, -ENOTSUP, -ENOMEM. */
MUST_USE int memory_clone(struct account *account, struct memory *memory, uint64_t offset,
                          uint64_t size_bytes, struct memory **ret_clone);

/* --- Only for vm --- */

/* A page of an anonymous memory: the physical address, 0: none. NULL: no node above it. */
MUST_USE uint64_t *memory_slot(struct memory *memory, uint64_t index) REQUIRES(&memory->lock);

/* The same, with all nodes: 0 or -ENOMEM. */
MUST_USE int memory_slot_make(struct memory *memory, uint64_t index, uint64_t **ret_slot)
    REQUIRES(&memory->lock);

/* Makes single frames of the blocks in which `count` pages lie. 0: there are none; -ERETRY: call
 * again; -ENOMEM. The memory is not simple. */
MUST_USE int memory_split(struct memory *memory, uint64_t first, uint64_t count)
    REQUIRES(&memory->lock);

/* Whether there is no page yet, and could be one. */
MUST_USE bool memory_is_missing(struct memory *memory, uint64_t index) REQUIRES(&memory->lock);

/* How many pages have no node in common with the page `index`: an aligned power of two, 0 if the
 * page's own node is there. */
MUST_USE uint64_t memory_hole(const struct memory *memory, uint64_t index) REQUIRES(&memory->lock);

/* Notes that a page came (1) or went (-1). */
void memory_count(struct memory *memory, int64_t pages) REQUIRES(&memory->lock);

/* Whether others have the frame too, and giving up the share of one of them: the last frees it. */
MUST_USE bool frame_is_shared(uint64_t frame);
void frame_release(uint64_t frame);

/* Raises the root by a level. 0 or -ENOMEM. */
MUST_USE int memory_grow(struct memory *memory) REQUIRES(&memory->lock);

struct memory_figures {
    uint64_t size_bytes;
    uint64_t committed_bytes; /* anonymous pages; 0 for the other kinds */
};
void memory_figures(struct memory *memory, struct memory_figures *ret_figures);

/* Anonymous pages of all memory objects, in bytes. */
uint64_t memory_committed_bytes(void);
