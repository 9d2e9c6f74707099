/* SPDX-License-Identifier: MIT */
/*
 * Sources, places in them, and what is wrong there:
 *
 *   clock.idl:7:16: error: there is no type `u46`
 *       7 |     1: read(at: u46);
 *         |                 ^~~
 *   help: did you mean `u64`?
 *
 * A run goes on after an error as far as it makes sense, and stops after ERRORS_MAX.
 */
#pragma once

#include "memory.h"

#define ERRORS_MAX 20

struct source {
    const char *path;
    const char *bytes; /* followed by a zero */
    uint32_t length;
};

struct span {
    const struct source *source;
    uint32_t offset, length;
};

struct diagnostics {
    struct text text;
    uint32_t errors;
};

/* Notes an error; the following diagnostic_help belongs to it. */
void diagnostic_error(struct diagnostics *the, struct span where, const char *format, ...)
    PRINTF(3, 4);
void diagnostic_help(struct diagnostics *the, const char *format, ...) PRINTF(2, 3);

/* Points at another place that has to do with the last error. */
void diagnostic_note(struct diagnostics *the, struct span where, const char *format, ...)
    PRINTF(3, 4);

bool diagnostic_full(const struct diagnostics *the);

/* The line and column, from 1, of a place. */
void span_position(struct span where, uint32_t *ret_line, uint32_t *ret_column);

/* Keeps the candidate that `wrong` was probably meant to be. */
struct suggestion {
    const char *wrong;
    const char *best; /* NULL: none is near */
    uint32_t distance;
};

void suggestion_offer(struct suggestion *suggestion, const char *candidate);
