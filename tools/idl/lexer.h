/* SPDX-License-Identifier: MIT */
/* Splits a source into words. Comments start with two strokes, documentation with three. */
#pragma once

#include "diagnostic.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_DOC,
    TOKEN_COMMENT,
    TOKEN_ARROW,
    TOKEN_SIGN, /* one of { } ( ) < > : ; , . = | @ - */
};

struct token {
    enum token_kind kind;
    struct span where;
    uint32_t lines_before; /* line feeds between the token before and this one */
};

struct tokens {
    struct token *list; /* the last one is TOKEN_END */
    uint32_t count;
};

/* Bytes that belong to no word are errors and left out. */
struct tokens lexer_run(struct arena *arena, struct diagnostics *diagnostics,
                        const struct source *source);

/* Whether the token is exactly this text. */
bool token_is(const struct token *token, const char *text);
