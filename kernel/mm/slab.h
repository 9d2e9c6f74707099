/* SPDX-License-Identifier: MIT */
/*
 * Caches of objects of one type.
 *
 *     slab (4 KiB, more for large objects, aligned to its size)
 *     +--------+--------+--------+--------+--------+- - - - -+
 *     | header | object | object | object | object |         |
 *     +--------+--------+--------+--------+--------+- - - - -+
 *                  |                 ^         never used: no link needed
 *                  +---- free list --+
 *
 * - A free object holds the link to the next one in itself, so objects cost nothing but their own
 *   size rounded up to the alignment. The slab of an object is found by masking its address.
 * - A slab that becomes empty goes back to the frames; each cache keeps one, so that a program that
 *   allocates and frees around the edge of a slab does not wear it out.
 * - Objects are zeroed when they are allocated, not when they are freed: until its slab goes away,
 * a freed object may still be read by whoever is in a grace period, but its first 8 bytes are gone.
 * - In debug kernels each object is followed by a red zone, which is checked when it is freed, and
 *   a free object is filled with 0x6b, which is checked when it is allocated. A damaged object, or
 *   one freed twice, panics with the cache's name.
 * - The lock of a cache ranks above those of all objects: allocating under a lock is allowed. No
 *   call takes more than a fixed number of steps, beside clearing the object.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lock.h"
#include "lib/compiler.h"
#include "lib/list.h"

/* Largest object, and largest slab as a frame order. */
#define SLAB_OBJECT_SIZE_MAX 8192
#define SLAB_ORDER_MAX       4

/* All fields are the module's own. */
struct slab_cache {
    /* Fixed by slab_cache_init(). */
    const char *name;
    struct slab_cache *next; /* in slab_caches */
    uint32_t object_size;
    uint32_t stride; /* from one object to the next */
    uint32_t first_offset;
    uint32_t objects_per_slab;
    uint8_t order;
    bool is_debug;

    /* Protected by lock. */
    struct spinlock lock;
    struct list partial; /* slabs with a free object; empty ones last */
    uint32_t slab_count;
    uint32_t empty_count;
    uint64_t in_use_count;
};

/* All caches, for debuggers and for tests that look for what was not freed. */
extern struct slab_cache *slab_caches;

/* Whether caches initialized from now on have red zones and poison; QUAY_DEBUG is where it starts.
 */
extern bool slab_has_checks;

/*
 * Makes an empty cache of objects of `object_size` bytes, at most SLAB_OBJECT_SIZE_MAX, aligned to
 * `alignment`, a power of two up to 4 KiB. Cache and `name` stay for good. Takes no memory. Only
 * during boot, on one CPU.
 */
void slab_cache_init(struct slab_cache *cache, const char *name, size_t object_size,
                     size_t alignment);

/* A zeroed object, or NULL if there is no memory. */
MUST_USE void *slab_alloc(struct slab_cache *cache);

/* Takes back an object of this cache; NULL is accepted. */
void slab_free(struct slab_cache *cache, void *object);
