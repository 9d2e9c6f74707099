/* SPDX-License-Identifier: MIT */
/* The smallest things that the parser reads: signs, names, paths, values, documentation. */
#pragma once

#include "ast.h"
#include "lexer.h"

struct parser {
    struct arena *arena;
    struct diagnostics *diagnostics;
    struct library *library;
    struct token *first, *now; /* comments are left out */
    uint32_t nesting;
};

void parser_begin(struct parser *parser, const struct source *source);
void parser_step(struct parser *parser);

/* Whether the next word is this one; take also steps over it. */
bool parser_at(const struct parser *parser, const char *text);
bool parser_take(struct parser *parser, const char *text);

/* Takes the sign, or reports that it, which does what `why` says, is missing. */
bool parser_expect(struct parser *parser, const char *text, const char *why);

/* The next word as a string; "" if it is none. */
const char *parser_word(struct parser *parser);

bool parser_name(struct parser *parser, const char *what, const char **ret_name,
                 struct span *ret_where);
bool parser_path(struct parser *parser, const char *what, struct path *ret_path);
struct value *parser_value(struct parser *parser);

/* number ":" */
struct value *parser_ordinal(struct parser *parser);

/* The documentation in front of what follows; NULL if there is none. */
const char *parser_doc(struct parser *parser);

uint32_t parser_column(const struct parser *parser);

/* The offset behind the word that was read last. */
uint32_t parser_end_of_last(const struct parser *parser);
