/* SPDX-License-Identifier: MIT */
/*
 * What the expansion of words is made into: a list of texts.
 *
 * On the way there every byte carries a mark that tells what may still happen to it:
 *
 *     bytes   a b c ␣ * d        of   ab"c *"$x with x=d
 *     marks   l l q q q s
 *
 * Splitting looks at MARK_SPLIT only, patterns at everything but MARK_QUOTED. Two marks have no
 * byte of their own (it is zero): a field exists here even if nothing is in it, and one field ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

enum mark {
    MARK_LITERAL = 'l', /* as it stands in the command */
    MARK_QUOTED = 'q',
    MARK_SPLIT = 's', /* from an expansion outside of quotes */
    MARK_EXISTS = 'e',
    MARK_BREAK = 'b',
};

struct marked {
    struct buffer bytes;
    struct buffer marks;
};

void marked_add(struct marked *marked, int byte, enum mark mark);
void marked_add_text(struct marked *marked, const char *text, enum mark mark);
void marked_fini(struct marked *marked);
/* The text alone; each break becomes a space. The caller frees it. */
char *marked_text(const struct marked *marked);
/* As a pattern: what is quoted is guarded by backslashes. The caller frees it. */
char *marked_pattern(const struct marked *marked);

struct fields {
    char **values; /* ends with NULL if there are any */
    size_t count;
    size_t capacity;
};

/* Takes the text. */
void fields_add(struct fields *fields, char *text);
void fields_fini(struct fields *fields);
/* Splits at IFS and, with `patterns`, replaces patterns by the paths that match. */
void fields_add_marked(struct fields *fields, const struct marked *marked, bool patterns);
