/* SPDX-License-Identifier: MIT */
/*
 * Memory of one run of the compiler, and text that grows. Everything is taken from one arena and
 * freed with it; a run out of memory ends the program. A NULL arena belongs to nobody.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRINTF(text, first) __attribute__((format(printf, text, first)))

struct arena {
    struct arena_block *blocks;
};

/* Zeroed, aligned to 16 bytes. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_text(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF(2, 3);
void arena_free(struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc(arena, sizeof(type)))

/* A text that grows; all zero is an empty one. The bytes are always followed by a zero. */
struct text {
    char *bytes;
    size_t length, room;
};

void text_add(struct text *text, const char *bytes, size_t length);
void text_printf(struct text *text, const char *format, ...) PRINTF(2, 3);
void text_vprintf(struct text *text, const char *format, va_list list) PRINTF(2, 0);
/* How long its last line is so far. */
size_t text_column(const struct text *text);
void text_free(struct text *text);

/* What is in it, "" if nothing. */
const char *text_of(const struct text *text);
