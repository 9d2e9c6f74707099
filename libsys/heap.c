/* SPDX-License-Identifier: MIT */
#include <quay/heap.h>
#include <quay/abi/types.h>

#define MAGIC_USED  0x75736564u
#define MAGIC_FREE  0x66726565u
#define CLASS_LARGE UINT32_MAX

/* In front of every block; while a block is free its first word links the free list. */
struct qy_heap_block {
    uint32_t magic;
    uint32_t class;
    size_t size_bytes; /* of the block; of a large one: of its pages with the header */
    struct qy_heap_block *next;
};

#define HEADER_SIZE offsetof(struct qy_heap_block, next)
_Static_assert(HEADER_SIZE == 16, "blocks are aligned to 16 bytes");

/* 16, then 2^n and 3 * 2^(n-1) from 32 up. */
static size_t class_size(uint32_t class)
{
    if (class == 0) {
        return 16;
    }
    class --;
    return (class % 2 == 0 ? 32ul : 48ul) << (class / 2);
}

/* The first one that is large enough. */
static uint32_t class_of(size_t size)
{
    if (size <= 32) {
        return size > 16;
    }
    uint32_t power = 63 - (uint32_t)__builtin_clzl(size - 1); /* 2^power is too small */
    return 2 * (power - 4) + (size > 3ul << (power - 1));
}

_Static_assert(QY_HEAP_CLASSES == 20 && QY_HEAP_SMALL_MAX == 16384, "class 19 is the last: 16384");

static void *block_payload(struct qy_heap_block *block)
{
    return (uint8_t *)block + HEADER_SIZE;
}

static struct qy_heap_block *block_of(struct qy_heap *heap, const void *payload)
{
    /* SAFETY: the header is ours whatever the caller promised about the payload. */
    struct qy_heap_block *block = (struct qy_heap_block *)((uintptr_t)payload - HEADER_SIZE);
    if ((uintptr_t)payload % 16 != 0 || block->magic != MAGIC_USED) {
        heap->corrupt(block->magic == MAGIC_FREE ? "heap: a block was freed twice"
                                                 : "heap: freed what is not a block");
    }
    return block;
}

/* Cuts a block from the chunk; what is left of an old chunk that is too small stays unused. */
static struct qy_heap_block *chunk_cut(struct qy_heap *heap, size_t size)
{
    if (heap->chunk_left < size) {
        uint8_t *chunk = heap->pages_get(QY_HEAP_CHUNK_SIZE);
        if (chunk == NULL) {
            return NULL;
        }
        heap->chunk = chunk;
        heap->chunk_left = QY_HEAP_CHUNK_SIZE;
    }
    struct qy_heap_block *block = (struct qy_heap_block *)(void *)heap->chunk;
    heap->chunk += size;
    heap->chunk_left -= size;
    return block;
}

static void *alloc_large(struct qy_heap *heap, size_t size)
{
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size_t pages = (size + HEADER_SIZE + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    struct qy_heap_block *block = heap->pages_get(pages);
    if (block == NULL) {
        return NULL;
    }
    block->magic = MAGIC_USED;
    block->class = CLASS_LARGE;
    block->size_bytes = pages;
    heap->used_bytes += pages - HEADER_SIZE;
    return block_payload(block);
}

void *qy_heap_alloc(struct qy_heap *heap, size_t size)
{
    if (size > QY_HEAP_SMALL_MAX) {
        return alloc_large(heap, size);
    }
    uint32_t class = class_of(size);
    struct qy_heap_block *block = heap->free[class];
    if (block != NULL) {
        heap->free[class] = block->next;
    } else {
        block = chunk_cut(heap, HEADER_SIZE + class_size(class));
        if (block == NULL) {
            return NULL;
        }
    }
    block->magic = MAGIC_USED;
    block->class = class;
    block->size_bytes = class_size(class);
    heap->used_bytes += block->size_bytes;
    return block_payload(block);
}

void qy_heap_free(struct qy_heap *heap, void *payload)
{
    struct qy_heap_block *block = block_of(heap, payload);
    block->magic = MAGIC_FREE;
    if (block->class == CLASS_LARGE) {
        heap->used_bytes -= block->size_bytes - HEADER_SIZE;
        heap->pages_put(block, block->size_bytes);
        return;
    }
    heap->used_bytes -= block->size_bytes;
    block->next = heap->free[block->class];
    heap->free[block->class] = block;
}

size_t qy_heap_size(struct qy_heap *heap, const void *payload)
{
    const struct qy_heap_block *block = block_of(heap, payload);
    return block->class == CLASS_LARGE ? block->size_bytes - HEADER_SIZE : block->size_bytes;
}
