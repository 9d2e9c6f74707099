/* SPDX-License-Identifier: MIT */
#include "compile.h"
#include "check.h"
#include "layout.h"
#include "parser.h"
#include "resolve.h"
#include <stdio.h>
#include <string.h>

#define SOURCE_BYTES_MAX (1u << 20)
#define USING_DEPTH_MAX  16

static struct library *load(struct compilation *the, const char *path, uint32_t depth);

struct source *compile_read(struct compilation *the, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    struct text text = {0};
    char block[4096];
    size_t length;
    while ((length = fread(block, 1, sizeof block, file)) > 0 && text.length < SOURCE_BYTES_MAX) {
        text_add(&text, block, length);
    }
    fclose(file);
    struct source *source = ARENA_NEW(&the->arena, struct source);
    source->path = arena_text(&the->arena, path, strlen(path));
    source->bytes = arena_text(&the->arena, text_of(&text), text.length);
    source->length = (uint32_t)text.length;
    text_free(&text);
    return source;
}

static char *stem_of(struct arena *arena, const char *name)
{
    const char *own = strncmp(name, "quay.", 5) == 0 ? name + 5 : name;
    char *stem = arena_text(arena, own, strlen(own));
    for (char *at = stem; *at != 0; at++) {
        *at = *at == '.' ? '_' : *at;
    }
    return stem;
}

char *library_stem(struct arena *arena, const struct library *library)
{
    return stem_of(arena, library->path.text);
}

static struct library *loaded(const struct compilation *the, const char *name)
{
    for (struct library *library = the->libraries; library != NULL; library = library->next) {
        if (strcmp(library->path.text, name) == 0) {
            return library;
        }
    }
    return NULL;
}

/* Beside the file that uses it, then in the folders. */
static struct library *using_load(struct compilation *the, const struct using *using,
                                  uint32_t depth)
{
    struct library *library = loaded(the, using->path.text);
    if (library != NULL) {
        return library;
    }
    const char *own = using->path.where.source->path;
    const char *slash = strrchr(own, '/');
    char *file = arena_printf(&the->arena, "%s.idl", stem_of(&the->arena, using->path.text));
    uint32_t before = the->diagnostics.errors;
    for (uint32_t i = 0; i <= the->folder_count && library == NULL; i++) {
        char *path = i > 0 ? arena_printf(&the->arena, "%s/%s", the->folders[i - 1], file)
                           : arena_printf(&the->arena, "%.*s%s",
                                          slash == NULL ? 0 : (int)(slash - own + 1), own, file);
        library = load(the, path, depth + 1);
        if (the->diagnostics.errors != before) {
            return library; /* its own errors say why */
        }
    }
    if (library == NULL) {
        diagnostic_error(&the->diagnostics, using->path.where, "library `%s` is not found",
                         using->path.text);
        diagnostic_help(&the->diagnostics,
                        "it would be in a file `%s`, beside this one or in a "
                        "folder named with -I",
                        file);
    } else if (strcmp(library->path.text, using->path.text) != 0) {
        diagnostic_error(&the->diagnostics, using->path.where, "`%s` holds another library, `%s`",
                         library->source->path, library->path.text);
    }
    return library;
}

/* The steps, on a file that can be read; NULL if it cannot. */
static struct library *load(struct compilation *the, const char *path, uint32_t depth)
{
    const struct source *source = the->read(the, path);
    if (source == NULL) {
        return NULL;
    }
    struct library *library = parser_run(&the->arena, &the->diagnostics, source);
    if (the->diagnostics.errors > 0) {
        return library;
    }
    for (struct using *using = library->usings; using != NULL; using = using->next) {
        if (depth == USING_DEPTH_MAX || strcmp(using->path.text, library->path.text) == 0) {
            diagnostic_error(&the->diagnostics, using->path.where,
                             "libraries that use each other in a circle");
            return library;
        }
        using->library = using_load(the, using, depth);
        if (the->diagnostics.errors > 0) {
            return library;
        }
    }
    resolve_run(&the->diagnostics, library);
    if (the->diagnostics.errors == 0) {
        check_run(&the->diagnostics, library);
    }
    if (the->diagnostics.errors == 0) {
        layout_run(&the->arena, &the->diagnostics, library);
    }
    struct library **end = &the->libraries;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = library;
    return library;
}

struct library *compile_file(struct compilation *the, const char *path)
{
    if (the->read == NULL) {
        the->read = compile_read;
    }
    struct library *library = load(the, path, 0);
    if (library == NULL) {
        the->diagnostics.errors++;
        text_printf(&the->diagnostics.text, "%s: error: cannot be read\n", path);
    }
    return the->diagnostics.errors == 0 ? library : NULL;
}

void compile_end(struct compilation *the)
{
    text_free(&the->diagnostics.text);
    arena_free(&the->arena);
}
