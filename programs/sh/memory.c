/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES 2000

struct arena_block {
    struct arena_block *before;
    size_t size;
    size_t used;
    _Alignas(max_align_t) char bytes[];
};

static void *checked(void *memory)
{
    static const char message[] = "sh: out of memory\n";

    if (!memory) {
        (void)!write(2, message, sizeof(message) - 1);
        _exit(2);
    }
    return memory;
}

void *memory_get(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *memory_resize(void *old, size_t size)
{
    return checked(realloc(old, size ? size : 1));
}

char *text_copy(const char *text)
{
    return text_copy_bytes(text, strlen(text));
}

char *text_copy_bytes(const char *bytes, size_t length)
{
    char *copy = memory_get(length + 1);

    memcpy(copy, bytes, length);
    copy[length] = 0;
    return copy;
}

/* Zeroed, so that nodes and parts start out empty. */
void *arena_get(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->last;
    size_t align = _Alignof(max_align_t);
    void *result;

    size = (size + align - 1) / align * align;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

        block = memory_get(sizeof(*block) + room);
        block->before = arena->last;
        block->size = room;
        block->used = 0;
        arena->last = block;
    }
    result = block->bytes + block->used;
    block->used += size;
    return memset(result, 0, size);
}

char *arena_text(struct arena *arena, const char *bytes, size_t length)
{
    return memcpy(arena_get(arena, length + 1), bytes, length);
}

struct arena_mark arena_mark(const struct arena *arena)
{
    struct arena_mark mark = {arena->last, arena->last ? arena->last->used : 0};

    return mark;
}

void arena_release(struct arena *arena, struct arena_mark mark)
{
    while (arena->last != mark.block) {
        struct arena_block *block = arena->last;

        arena->last = block->before;
        free(block);
    }
    if (mark.block) {
        mark.block->used = mark.used;
    }
}

void arena_fini(struct arena *arena)
{
    struct arena_mark empty = {0};

    arena_release(arena, empty);
}
