/* SPDX-License-Identifier: MIT */
/*
 * Memory of the shell. Nothing here returns NULL: a shell without memory cannot even tell what
 * went wrong in a way that a script could handle, so it ends with status 2.
 *
 * An arena holds things that are freed together: the tree of one command, or what one expansion
 * makes on its way. A mark remembers how full it is; releasing the mark frees what came later.
 */
#pragma once

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *last;
};

struct arena_mark {
    struct arena_block *block;
    size_t used;
};

void *memory_get(size_t size);
void *memory_resize(void *old, size_t size);
char *text_copy(const char *text);
char *text_copy_bytes(const char *bytes, size_t length);

void *arena_get(struct arena *arena, size_t size);
char *arena_text(struct arena *arena, const char *bytes, size_t length);
struct arena_mark arena_mark(const struct arena *arena);
void arena_release(struct arena *arena, struct arena_mark mark);
void arena_fini(struct arena *arena);
