/* SPDX-License-Identifier: MIT */
/* One run of the compiler, from files to checked libraries with a layout. */
#pragma once

#include "ast.h"

#define FOLDERS_MAX 16

struct compilation {
    struct arena arena;
    struct diagnostics diagnostics;
    struct library *libraries; /* every one loaded, those used before their users */
    const char *folders[FOLDERS_MAX];
    uint32_t folder_count;

    /* Reads a whole file into the arena, or returns NULL. For tests, which have no files. */
    struct source *(*read)(struct compilation *the, const char *path);
    void *context;
};

/* The library of this file, or NULL after errors. */
struct library *compile_file(struct compilation *the, const char *path);
void compile_end(struct compilation *the);

/* Reads a file. */
struct source *compile_read(struct compilation *the, const char *path);

/* "quay.fs.lock" -> "fs_lock": what files and C names are made of. */
char *library_stem(struct arena *arena, const struct library *library);
