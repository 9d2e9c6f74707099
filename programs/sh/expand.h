/* SPDX-License-Identifier: MIT */
/*
 * Expansion of words: tilde, parameters, commands, arithmetic, then fields and patterns.
 *
 * An error is reported and sets shell.flow; what is returned then is not to be used.
 */
#pragma once

#include "fields.h"
#include "tree.h"

enum {
    EXPAND_ASSIGNMENT = 1, /* a tilde also stands behind each colon */
    EXPAND_PATTERN = 2,    /* the result is a pattern */
};

/* Adds the fields that the words become. */
void expand_words(const struct word *words, struct fields *fields);
/* One text, not split. The caller frees it. */
char *expand_text(const struct part *parts, unsigned how);

/* --- between expand.c and expand_parameter.c --- */

struct expansion {
    struct marked result;
    bool splits; /* fields come out of it */
    bool assignment;
    bool operand; /* of ${ }: what stands there outside of quotes is split */
};

void expand_parts(struct expansion *expansion, const struct part *parts);
void expand_parameter(struct expansion *expansion, const struct part *part);
enum mark expansion_mark(bool quoted);
