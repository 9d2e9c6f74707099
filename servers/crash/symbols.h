/* SPDX-License-Identifier: MIT */
/*
 * The table of symbols of a boot archive (lib/symbols), which tools/mksymbols makes: for each
 * program its build id and where its functions begin. Pure, tested on the host.
 *
 *   struct symbols_head | programs | symbols, of each program in order of address | names
 *
 * Behind the last function of a program is a symbol without a name.
 */
#pragma once

#include <stdbool.h>
#include <quay/syscall.h>

#define SYMBOLS_MAGIC   0x3130595359415551ul /* "QUAYSY01" */
#define BUILD_ID_BYTES  20
#define SYMBOL_NAME_MAX 28

struct symbols_head {
    uint64_t magic;
    uint32_t program_count, symbol_count;
    uint32_t names_bytes;
    uint32_t reserved;
};

struct symbols_program {
    uint64_t base; /* where the first byte of its image lies */
    uint32_t first, count;
    uint8_t build_id[BUILD_ID_BYTES];
    char name[SYMBOL_NAME_MAX];
};

struct symbol {
    uint32_t offset; /* from base */
    uint32_t name;   /* place among the names */
};

struct symbols {
    const struct symbols_head *head; /* NULL: there is none */
    const struct symbols_program *programs;
    const struct symbol *symbols;
    const char *names;
};

/* Checks all of it. False: it is not sound. */
bool symbols_open(struct symbols *symbols, const void *file, size_t size_bytes);

/* The program with this build id, or NULL. */
const struct symbols_program *symbols_find(const struct symbols *symbols, const uint8_t *build_id);

/* The function that this address of a program is in, as the image is loaded at `base`. */
bool symbols_name(const struct symbols *symbols, const struct symbols_program *program,
                  uint64_t base, uint64_t address, const char **ret_name, uint64_t *ret_offset);
