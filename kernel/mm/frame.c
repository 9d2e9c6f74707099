/* SPDX-License-Identifier: MIT */
#include "mm/frame.h"

#include <quay/abi/errno.h>

#include "arch/mmu.h"
#include "core/cpu.h"
#include "core/lock.h"
#include "core/panic.h"
#include "lib/bitmap.h"
#include "lib/checked.h"
#include "lib/string.h"
#include "mm/inject.h"

/*
 * Frames are known by number here: physical address / 4 KiB, which reaches up to 16 TiB. 0 stands
 * for none. A free block is linked by its first frame; that one's descriptor holds the numbers of
 * its neighbors in `refcount` (next) and `flags` (previous).
 */

enum frame_state {
    FRAME_INNER = 0, /* not the first frame of a block, or a descriptor's own memory */
    FRAME_FREE,      /* first of a free block, in the free list of its order */
    FRAME_CACHED,    /* in a CPU's cache */
    FRAME_ALLOCATED, /* first of an allocated block */
};

enum {
    CACHE_CAPACITY = 16,
    CACHE_BATCH = 8,
    POISON_ALLOCATED = 0xa5,
    POISON_FREED = 0xf5,
};

/* One range of memory: its frames from number `first` on, and their descriptors. */
struct frame_range {
    uint32_t first;
    uint32_t count;
    struct frame *frames;
};

/* Written by its own CPU only; the others read `count` for the statistics. */
struct frame_cache {
    uint32_t count;
    uint32_t frames[CACHE_CAPACITY];
} CACHE_ALIGNED;

static struct {
    /* Fixed after boot; largest first, so that the search mostly ends at once. */
    struct frame_range ranges[FRAME_RANGE_MAX];
    uint32_t range_count;
    uint64_t total_count;

    /* Protected by lock. */
    struct spinlock lock;
    uint32_t heads[FRAME_ORDER_COUNT]; /* free lists */
    uint32_t nonempty_orders;          /* bit n: heads[n] is not 0 */
    uint64_t free_count;               /* frames in the free lists */

    struct frame_cache caches[MAX_CPUS];
} frame_state = {.lock = SPINLOCK_INIT(LOCK_RANK_FRAME)};

static struct paddr frame_address(uint32_t number)
{
    return paddr_of((uint64_t)number << PAGE_SHIFT);
}

/* The descriptor of frame `number` if it is in ranges[i] or a later one, else NULL. */
static struct frame *frame_find_from(uint64_t number, uint32_t i)
{
    for (; i < frame_state.range_count; i++) {
        const struct frame_range *range = &frame_state.ranges[i];

        /* Wraps to a huge number below the range. */
        if (number - range->first < range->count) {
            return &range->frames[number - range->first];
        }
    }
    return NULL;
}

/* The descriptor of frame `number`, NULL if it is not ours. Most are in the largest range. */
static ALWAYS_INLINE struct frame *frame_find(uint64_t number)
{
    const struct frame_range *range = &frame_state.ranges[0];

    return LIKELY(number - range->first < range->count) ? &range->frames[number - range->first]
                                                        : frame_find_from(number, 1);
}

/* The same for a number that came from us. */
static struct frame *frame_get(uint32_t number)
{
    struct frame *frame = frame_find(number);

    debug_assert(frame != NULL);
    return frame;
}

struct frame *frame_of(struct paddr address)
{
    return frame_find(address.value >> PAGE_SHIFT);
}

/* --- free lists ------------------------------------------------------------------------------- */

static void frame_list_push_locked(uint32_t number, unsigned order) REQUIRES(&frame_state.lock)
{
    struct frame *frame = frame_get(number);
    uint32_t next = frame_state.heads[order];

    *frame = (struct frame){.refcount = next, .state = FRAME_FREE, .order = (uint8_t)order};
    if (next != 0) {
        frame_get(next)->flags = number;
    }
    frame_state.heads[order] = number;
    frame_state.nonempty_orders |= 1u << order;
}

/* Unlinks a free block; its descriptor is left zeroed, as that of an inner frame. */
static void frame_list_remove_locked(struct frame *frame) REQUIRES(&frame_state.lock)
{
    uint32_t next = frame->refcount;
    uint32_t prev = frame->flags;

    if (next != 0) {
        frame_get(next)->flags = prev;
    }
    if (prev != 0) {
        frame_get(prev)->refcount = next;
    } else {
        frame_state.heads[frame->order] = next;
        if (next == 0) {
            frame_state.nonempty_orders &= ~(1u << frame->order);
        }
    }
    *frame = (struct frame){0};
}

/* Takes a block out of the smallest order that has one; returns its number, 0 if there is none. */
static uint32_t frame_take_locked(unsigned order) REQUIRES(&frame_state.lock)
{
    uint32_t orders = frame_state.nonempty_orders >> order << order;
    uint32_t number;
    unsigned found;

    if (orders == 0) {
        return 0;
    }
    found = bit_lowest_u64(orders);
    number = frame_state.heads[found];
    frame_list_remove_locked(frame_get(number));
    while (found > order) {
        found--;
        frame_list_push_locked(number + (1u << found), found); /* keep the lower half */
    }
    frame_state.free_count -= 1u << order;
    return number;
}

/* Puts a block whose descriptors are all those of inner frames into the free lists. */
static void frame_put_locked(uint32_t number, unsigned order) REQUIRES(&frame_state.lock)
{
    frame_state.free_count += 1u << order;
    for (; order < FRAME_ORDER_MAX; order++) {
        uint32_t buddy_number = number ^ (1u << order);
        struct frame *buddy = frame_find(buddy_number);

        if (buddy == NULL || buddy->state != FRAME_FREE || buddy->order != order) {
            break;
        }
        frame_list_remove_locked(buddy);
        number &= ~(1u << order);
    }
    frame_list_push_locked(number, order);
}

/* --- caches ----------------------------------------------------------------------------------- */

static void frame_cache_set_count(struct frame_cache *cache, uint32_t count)
{
    __atomic_store_n(&cache->count, count, __ATOMIC_RELAXED); /* pairs with frame_stats() */
}

static void frame_cache_refill_locked(struct frame_cache *cache) REQUIRES(&frame_state.lock)
{
    uint32_t count = cache->count;

    while (count < CACHE_BATCH) {
        uint32_t number = frame_take_locked(0);

        if (number == 0) {
            break;
        }
        frame_get(number)->state = FRAME_CACHED;
        cache->frames[count++] = number;
    }
    frame_cache_set_count(cache, count);
}

/* Gives back the frames beyond the first `kept`. */
static void frame_cache_drain_locked(struct frame_cache *cache, uint32_t kept)
    REQUIRES(&frame_state.lock)
{
    for (uint32_t i = kept; i < cache->count; i++) {
        frame_get(cache->frames[i])->state = FRAME_INNER;
        frame_put_locked(cache->frames[i], 0);
    }
    frame_cache_set_count(cache, kept);
}

/* --- the interface ---------------------------------------------------------------------------- */

static uint32_t frame_take_small(struct frame_cache *cache) EXCLUDES(&frame_state.lock)
{
    if (UNLIKELY(cache->count == 0)) {
        spin_lock(&frame_state.lock);
        frame_cache_refill_locked(cache);
        spin_unlock(&frame_state.lock);
        if (cache->count == 0) {
            return 0;
        }
    }
    frame_cache_set_count(cache, cache->count - 1);
    return cache->frames[cache->count];
}

static uint32_t frame_take_large(struct frame_cache *cache, unsigned order)
    EXCLUDES(&frame_state.lock)
{
    uint32_t number;

    spin_lock(&frame_state.lock);
    number = frame_take_locked(order);
    if (number == 0) {
        /* What this CPU holds back may be what keeps two buddies apart. */
        frame_cache_drain_locked(cache, 0);
        number = frame_take_locked(order);
    }
    spin_unlock(&frame_state.lock);
    return number;
}

static void frame_fill(struct paddr frame, unsigned order, int value)
{
    memset(arch_direct_map(frame), value, PAGE_SIZE << order);
}

static int frame_alloc_undefined(unsigned order, struct paddr *ret_frame)
{
    struct frame_cache *cache = &frame_state.caches[cpu_id()];
    struct frame *frame;
    uint32_t number;

    assert(order <= FRAME_ORDER_MAX);
    if (inject_should_fail()) {
        return -ENOMEM;
    }
    number = order == 0 ? frame_take_small(cache) : frame_take_large(cache, order);
    if (number == 0) {
        return -ENOMEM;
    }
    frame = frame_get(number);
    frame->state = FRAME_ALLOCATED;
    frame->order = (uint8_t)order;
    *ret_frame = frame_address(number);
    return 0;
}

int frame_alloc(unsigned order, struct paddr *ret_frame)
{
    int error = frame_alloc_undefined(order, ret_frame);

    if (QUAY_DEBUG && error == 0) {
        frame_fill(*ret_frame, order, POISON_ALLOCATED);
    }
    return error;
}

int frame_alloc_zeroed(unsigned order, struct paddr *ret_frame)
{
    int error = frame_alloc_undefined(order, ret_frame);

    if (error == 0) {
        frame_fill(*ret_frame, order, 0);
    }
    return error;
}

void frame_free(struct paddr address, unsigned order)
{
    struct frame_cache *cache = &frame_state.caches[cpu_id()];
    uint32_t number = (uint32_t)(address.value >> PAGE_SHIFT);
    struct frame *frame = frame_of(address);

    if (frame == NULL || frame->state != FRAME_ALLOCATED || frame->order != order ||
        !is_aligned(address.value, PAGE_SIZE << order)) {
        panic("frame 0x%lx of order %u is not allocated as such", (unsigned long)address.value,
              order);
    }
    if (QUAY_DEBUG) {
        frame_fill(address, order, POISON_FREED);
    }
    *frame = (struct frame){0};
    if (order != 0) {
        spin_lock(&frame_state.lock);
        frame_put_locked(number, order);
        spin_unlock(&frame_state.lock);
        return;
    }
    if (UNLIKELY(cache->count == CACHE_CAPACITY)) {
        spin_lock(&frame_state.lock);
        frame_cache_drain_locked(cache, CACHE_CAPACITY - CACHE_BATCH);
        spin_unlock(&frame_state.lock);
    }
    frame->state = FRAME_CACHED;
    cache->frames[cache->count] = number;
    frame_cache_set_count(cache, cache->count + 1);
}

void frame_split(struct paddr address, unsigned order)
{
    struct frame *frames = frame_of(address);

    for (uint32_t i = 0; i < 1u << order; i++) {
        frames[i] = (struct frame){.state = FRAME_ALLOCATED};
    }
}

void frame_stats(struct frame_stats *ret_stats)
{
    struct frame_stats stats = {.total_count = frame_state.total_count};

    for (uint32_t i = 0; i < MAX_CPUS; i++) {
        stats.free_count += __atomic_load_n(&frame_state.caches[i].count, __ATOMIC_RELAXED);
    }
    spin_lock(&frame_state.lock);
    stats.free_count += frame_state.free_count;
    spin_unlock(&frame_state.lock);
    *ret_stats = stats;
}

/* --- boot ------------------------------------------------------------------------------------- */

/* Enters a range so that the larger ones stay in front; false if the table is full. */
static bool frame_range_insert(struct frame_range range)
{
    uint32_t place = frame_state.range_count;

    if (place == FRAME_RANGE_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < place; i++) {
        const struct frame_range *other = &frame_state.ranges[i];

        assert(!range_overlaps(other->first, other->count, range.first, range.count));
    }
    for (; place > 0 && frame_state.ranges[place - 1].count < range.count; place--) {
        frame_state.ranges[place] = frame_state.ranges[place - 1];
    }
    frame_state.ranges[place] = range;
    frame_state.range_count++;
    return true;
}

/* Puts frames [first, end) into the free lists, in blocks as large as they are aligned. */
static void frame_range_release(uint32_t first, uint64_t end)
{
    spin_lock(&frame_state.lock);
    while (first < end) {
        const unsigned aligned = bit_lowest_u64(first | 1u << FRAME_ORDER_MAX);
        const unsigned fitting = bit_highest_u64(end - first);
        const unsigned order = aligned < fitting ? aligned : fitting;

        frame_put_locked(first, order);
        first += 1u << order;
    }
    spin_unlock(&frame_state.lock);
}

void frame_range_add(struct paddr start, uint64_t size_bytes)
{
    struct frame_range range;
    uint64_t first, end, descriptor_pages;

    if (!checked_add_u64(start.value, size_bytes, &end) ||
        !align_up_u64(max_u64(start.value, PAGE_SIZE), PAGE_SIZE, &first)) {
        return;
    }
    first >>= PAGE_SHIFT;
    end = min_u64(end >> PAGE_SHIFT, UINT32_MAX);
    if (end <= first) {
        return;
    }
    range = (struct frame_range){
        .first = (uint32_t)first,
        .count = (uint32_t)(end - first),
        .frames = arch_direct_map(frame_address((uint32_t)first)),
    };
    descriptor_pages = round_up_u64(range.count * sizeof(struct frame), PAGE_SIZE) >> PAGE_SHIFT;
    if (descriptor_pages >= range.count || !frame_range_insert(range)) {
        return;
    }
    memset(range.frames, 0, descriptor_pages << PAGE_SHIFT);
    frame_state.total_count += range.count;
    frame_range_release((uint32_t)(first + descriptor_pages), end);
}
