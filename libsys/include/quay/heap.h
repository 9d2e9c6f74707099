/* SPDX-License-Identifier: MIT */
/*
 * The heap. Requests up to QY_HEAP_SMALL_MAX bytes are rounded up to a size class and cut from
 * chunks; freed blocks go to their class's list and stay there. Larger ones get pages of their own
 * and give them back. Each block has a header of 16 bytes, which tells a double or wild free: that
 * ends the program with a message.
 *
 *   chunk:  | header | block | header | block | ...        classes 16 32 48 64 96 128 ... 16384
 *   large:  | header | block ............. | (whole pages)
 *
 * struct qy_heap is the allocator itself, on any source of pages, so that the host tests it;
 * qy_alloc and its like use one for the whole process, under a lock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define QY_HEAP_CLASSES    20
#define QY_HEAP_SMALL_MAX  16384ul
#define QY_HEAP_CHUNK_SIZE 65536ul

struct qy_heap_block;

struct qy_heap {
    void *(*pages_get)(size_t size_bytes); /* zeroed, NULL if there are none */
    void (*pages_put)(void *pages, size_t size_bytes);
    void (*corrupt)(const char *what); /* does not return */

    struct qy_heap_block *free[QY_HEAP_CLASSES];
    uint8_t *chunk;
    size_t chunk_left;
    size_t used_bytes; /* in blocks handed out, headers not counted */
};

/* NULL if there is no memory; size 0 gives a block as well. Aligned to 16 bytes, not zeroed. */
void *qy_heap_alloc(struct qy_heap *heap, size_t size);
void qy_heap_free(struct qy_heap *heap, void *block);

/* How many bytes may be used of a block. */
size_t qy_heap_size(struct qy_heap *heap, const void *block);

/* The process's heap. Any thread; never blocks for long. */
void *qy_alloc(size_t size);
void *qy_alloc_zeroed(size_t count, size_t size); /* NULL also if the product overflows */
void *qy_realloc(void *block, size_t size);       /* on NULL the old block stays */
void qy_free(void *block);                        /* NULL is allowed */

/* Who copies the process holds the heap meanwhile, so that it is not somebody's in the copy. */
void qy_alloc_lock(void);
void qy_alloc_unlock(void);
