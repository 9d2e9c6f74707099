/* SPDX-License-Identifier: MIT */
/*
 * Physical memory in frames of 4 KiB.
 *
 *     frame_alloc(0) ---> this CPU's cache (up to 16 frames, no lock)
 *                            |  refill and drain, 8 frames at a time
 *                            v
 *     frame_alloc(n) ---> buddy allocator (one lock): a free list per order 0..10
 *
 * - A block of order n is 2^n frames that follow each other, aligned to its own size: 4 KiB to 4
 * MiB. A larger block is halved to make a small one; a freed block joins its free buddy (the other
 * half of the next larger block) again, up to order 10. No call takes more than 10 such steps,
 * times 8 for a refill or drain.
 * - Every frame has a descriptor of 12 bytes, in memory taken from the start of the range it
 * describes. While a frame is allocated, `refcount` and `flags` in it belong to whoever has the
 * frame (vm counts sharers there); they are 0 in a frame just allocated. While it is free they hold
 * links. In blocks of order > 0 the owner sets those of the inner frames back to 0 before it frees
 * them.
 * - The contents of an allocated frame are undefined unless asked to be zeroed; debug kernels fill
 *   frames with 0xa5 when they are allocated and 0xf5 when they are freed.
 * - Physical address 0 is never handed out, so that 0 may stand for "no frame".
 * - Interrupts are off in the kernel, which is what protects a CPU's cache. Frames in the cache of
 *   one CPU are out of the reach of the others: at most 64 KiB per CPU.
 */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"
#include "lib/types.h"

/* Largest order, and number of orders. */
#define FRAME_ORDER_MAX   10
#define FRAME_ORDER_COUNT (FRAME_ORDER_MAX + 1)

/* How many ranges of memory are kept track of. */
#define FRAME_RANGE_MAX 64

struct frame {
    /* The owner's while the frame is allocated. */
    uint32_t refcount;
    uint32_t flags;

    /* The allocator's. */
    uint8_t state;
    uint8_t order;
};

struct frame_stats {
    uint64_t total_count; /* frames of all ranges, descriptors included */
    uint64_t free_count;  /* frames that nobody uses, those in CPUs' caches included */
};

/*
 * Gives the RAM at [start, start + size_bytes) to the allocator; parts of pages at the ends and
 * page 0 are left out. Only during boot, on one CPU, with the range in the direct map. Ranges must
 * not overlap. A range that is not worth its descriptors, or that finds no place among
 * FRAME_RANGE_MAX, is ignored.
 */
void frame_range_add(struct paddr start, uint64_t size_bytes);

/* The smallest order of a block that holds so many bytes. */
static inline unsigned frame_order(uint64_t size_bytes)
{
    unsigned order = 0;

    while ((PAGE_SIZE << order) < size_bytes) {
        order++;
    }
    return order;
}

/* A block of 2^order frames that the caller owns from now on. 0 or -ENOMEM. */
MUST_USE int frame_alloc(unsigned order, struct paddr *ret_frame);

/*
 * The same, filled with zeros. Zeroing costs 512 words per frame with interrupts off: who needs
 * a large block of zeros takes frame_alloc() and clears it in steps.
 */
MUST_USE int frame_alloc_zeroed(unsigned order, struct paddr *ret_frame);

/* Takes back a block exactly as it was allocated. Anything else panics. */
void frame_free(struct paddr frame, unsigned order);

/* Makes an allocated block, all of whose descriptors are the owner's to zero, 2^order frames of one
 * each. */
void frame_split(struct paddr frame, unsigned order);

/* The descriptor of the frame that holds `address`, NULL if the allocator does not manage it. */
struct frame *frame_of(struct paddr address);

/* Adds up the figures; they fit each other only if no other CPU allocates meanwhile. */
void frame_stats(struct frame_stats *ret_stats);
