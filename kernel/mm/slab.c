/* SPDX-License-Identifier: MIT */
#include "mm/slab.h"

#include "arch/mmu.h"
#include "core/panic.h"
#include "lib/checked.h"
#include "lib/string.h"
#include "lib/types.h"
#include "mm/frame.h"
#include "mm/inject.h"

/* The start of a free object. */
struct slab_free_object {
    struct slab_free_object *next;
};

/* The start of a slab; protected by the lock of its cache. */
struct slab {
    struct list link; /* in slab_cache.partial, self-linked when no object is free */
    struct slab_cache *cache;
    struct slab_free_object *free;
    uint32_t in_use_count;
    uint32_t fresh_index; /* objects from here on were never handed out */
};

enum {
    SLAB_EMPTY_MAX = 1,
    ALIGNMENT_MIN = sizeof(struct slab_free_object),
    RED_ZONE_SIZE = 16,
    RED_ZONE_BYTE = 0xbb,
    POISON_BYTE = 0x6b,
};

struct slab_cache *slab_caches;
bool slab_has_checks = QUAY_DEBUG;

COLD void slab_cache_init(struct slab_cache *cache, const char *name, size_t object_size,
                          size_t alignment)
{
    const uint32_t red_zone_size = slab_has_checks ? RED_ZONE_SIZE : 0;

    assert(object_size > 0 && object_size <= SLAB_OBJECT_SIZE_MAX);
    assert(is_power_of_two_u64(alignment) && alignment <= PAGE_SIZE);
    alignment = max_u64(alignment, ALIGNMENT_MIN);
    *cache = (struct slab_cache){
        .name = name,
        .next = slab_caches,
        .object_size = (uint32_t)object_size,
        .stride = (uint32_t)round_up_u64(object_size + red_zone_size, alignment),
        .first_offset = (uint32_t)round_up_u64(sizeof(struct slab), alignment),
        .is_debug = slab_has_checks,
    };
    spinlock_init(&cache->lock, LOCK_RANK_SLAB);
    list_init(&cache->partial);

    /* The smallest slab that loses at most an eighth of itself, else the largest one. */
    for (;; cache->order++) {
        const uint32_t size = (uint32_t)PAGE_SIZE << cache->order;

        cache->objects_per_slab = (size - cache->first_offset) / cache->stride;
        if ((size - cache->objects_per_slab * cache->stride) * 8 <= size ||
            cache->order == SLAB_ORDER_MAX) {
            break;
        }
    }
    assert(cache->objects_per_slab > 0);
    slab_caches = cache;
}

/* --- checks of debug kernels ------------------------------------------------------------------ */

static bool slab_bytes_are(const void *start, size_t size, uint8_t value)
{
    const uint8_t *bytes = start;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

/* What of a free object is poisoned: all behind the link. */
static size_t slab_poison_size(const struct slab_cache *cache)
{
    return max_u64(cache->object_size, ALIGNMENT_MIN) - ALIGNMENT_MIN;
}

static void slab_check_allocated(const struct slab_cache *cache, struct slab_free_object *object,
                                 bool is_fresh)
{
    if (!is_fresh && !slab_bytes_are(object + 1, slab_poison_size(cache), POISON_BYTE)) {
        panic("%s %p was written after it was freed", cache->name, (void *)object);
    }
    memset((char *)object + cache->object_size, RED_ZONE_BYTE, RED_ZONE_SIZE);
}

static void slab_check_freed(const struct slab_cache *cache, const struct slab *slab,
                             struct slab_free_object *object)
{
    const uint64_t offset = (uint64_t)((char *)object - (const char *)slab) - cache->first_offset;
    const struct slab_free_object *free = NULL;

    /* Wraps to a huge number in front of the first object. */
    if (offset % cache->stride != 0 || offset / cache->stride >= slab->fresh_index) {
        panic("%s %p is not an object", cache->name, (void *)object);
    }
    /* One that is filled with poison may be free already: look through the free list. */
    if (slab_bytes_are(object + 1, slab_poison_size(cache), POISON_BYTE)) {
        free = slab->free;
    }
    for (; free != NULL; free = free->next) {
        if (free == object) {
            panic("%s %p was freed twice", cache->name, (void *)object);
        }
    }
    if (!slab_bytes_are((char *)object + cache->object_size, RED_ZONE_SIZE, RED_ZONE_BYTE)) {
        panic("%s %p was written beyond its end", cache->name, (void *)object);
    }
    memset(object + 1, POISON_BYTE, slab_poison_size(cache));
}

/* --- objects ---------------------------------------------------------------------------------- */

/* Takes a free object, NULL if no slab has one. */
static void *slab_take_locked(struct slab_cache *cache) REQUIRES(&cache->lock)
{
    struct list *link = list_first(&cache->partial);
    struct slab *slab = CONTAINER_OF(link, struct slab, link);
    struct slab_free_object *object;
    bool is_fresh;

    if (link == NULL) {
        return NULL;
    }
    object = slab->free;
    is_fresh = object == NULL;
    if (is_fresh) {
        object = (void *)((char *)slab + cache->first_offset + slab->fresh_index * cache->stride);
        slab->fresh_index++;
    } else {
        slab->free = object->next;
    }
    if (slab->in_use_count == 0) {
        cache->empty_count--;
    }
    cache->in_use_count++;
    if (++slab->in_use_count == cache->objects_per_slab) {
        list_remove(&slab->link);
    }
    if (cache->is_debug) {
        slab_check_allocated(cache, object, is_fresh);
    }
    return object;
}

/* Adds a slab; false if there is no memory. */
static bool slab_grow(struct slab_cache *cache) EXCLUDES(&cache->lock)
{
    struct paddr frame;
    struct slab *slab;

    if (frame_alloc(cache->order, &frame) != 0) {
        return false;
    }
    slab = arch_direct_map(frame);
    *slab = (struct slab){.cache = cache};

    spin_lock(&cache->lock);
    list_push_front(&cache->partial, &slab->link);
    cache->empty_count++;
    cache->slab_count++;
    spin_unlock(&cache->lock);
    return true;
}

void *slab_alloc(struct slab_cache *cache)
{
    void *object;

    if (inject_should_fail()) {
        return NULL;
    }
    for (;;) {
        spin_lock(&cache->lock);
        object = slab_take_locked(cache);
        spin_unlock(&cache->lock);
        if (LIKELY(object != NULL)) {
            break;
        }
        if (!slab_grow(cache)) {
            return NULL;
        }
    }
    memset(object, 0, cache->object_size);
    return object;
}

/* Puts back an object; returns the slab if it should go, NULL if it stays. */
static struct slab *slab_put_locked(struct slab_cache *cache, struct slab *slab,
                                    struct slab_free_object *object) REQUIRES(&cache->lock)
{
    assert(slab->cache == cache && slab->in_use_count > 0);
    if (cache->is_debug) {
        slab_check_freed(cache, slab, object);
    }
    if (slab->in_use_count == cache->objects_per_slab) {
        list_push_front(&cache->partial, &slab->link);
    }
    object->next = slab->free;
    slab->free = object;
    cache->in_use_count--;
    if (--slab->in_use_count > 0) {
        return NULL;
    }
    list_remove(&slab->link);
    if (cache->empty_count >= SLAB_EMPTY_MAX) {
        cache->slab_count--;
        return slab;
    }
    cache->empty_count++;
    list_push_back(&cache->partial, &slab->link);
    return NULL;
}

void slab_free(struct slab_cache *cache, void *object)
{
    uint64_t slab_size = PAGE_SIZE << cache->order;
    struct slab *slab;

    if (object == NULL) {
        return;
    }
    /* SAFETY: a slab is aligned to its size, and the direct map keeps alignment. */
    slab = (struct slab *)align_down_u64((uintptr_t)object, slab_size);
    spin_lock(&cache->lock);
    slab = slab_put_locked(cache, slab, object);
    spin_unlock(&cache->lock);
    if (slab != NULL) {
        frame_free(arch_direct_map_reverse(slab), cache->order);
    }
}
