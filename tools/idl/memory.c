/* SPDX-License-Identifier: MIT */
#include "memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t size;
};

_Static_assert(sizeof(struct arena_block) == 16, "what follows is aligned");

static void *or_die(void *memory)
{
    if (memory == NULL) {
        fputs("idl: out of memory\n", stderr);
        exit(3);
    }
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block = or_die(calloc(1, sizeof *block + size));
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block + 1;
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    struct text text = {0};
    va_list list;
    va_start(list, format);
    text_vprintf(&text, format, list);
    va_end(list);
    char *copy = arena_text(arena, text_of(&text), text.length);
    text_free(&text);
    return copy;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}

static void text_reserve(struct text *text, size_t more)
{
    if (text->length + more + 1 > text->room) {
        text->room = 2 * (text->length + more + 1);
        text->bytes = or_die(realloc(text->bytes, text->room));
    }
}

void text_add(struct text *text, const char *bytes, size_t length)
{
    text_reserve(text, length);
    if (length > 0) {
        memcpy(text->bytes + text->length, bytes, length);
    }
    text->length += length;
    text->bytes[text->length] = 0;
}

void text_vprintf(struct text *text, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length > 0) {
        text_reserve(text, (size_t)length);
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, list);
        text->length += (size_t)length;
    }
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_vprintf(text, format, list);
    va_end(list);
}

size_t text_column(const struct text *text)
{
    size_t column = 0;
    while (column < text->length && text->bytes[text->length - 1 - column] != '\n') {
        column++;
    }
    return column;
}

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

const char *text_of(const struct text *text)
{
    return text->bytes != NULL ? text->bytes : "";
}
