/* SPDX-License-Identifier: MIT */
/* What the two files of the grammar, parser.c and parser_compound.c, have of each other. */
#pragma once

#include "lexer.h"

struct node *grammar_node(struct lexer *lexer, enum node_kind kind);
/* Reports that the next token cannot stand here; `expected` may be NULL. */
void grammar_unexpected(struct lexer *lexer, const char *expected);
/* Whether the next token is this word, unquoted. */
bool grammar_at_word(struct lexer *lexer, const char *text);
bool grammar_take_word(struct lexer *lexer, const char *text);
void grammar_expect_word(struct lexer *lexer, const char *text);
bool grammar_take(struct lexer *lexer, enum token token);
void grammar_skip_newlines(struct lexer *lexer);
/* Commands up to where none can begin; NULL if there is none. */
struct node *grammar_compound_list(struct lexer *lexer);
/* The compound command that begins here, without its redirections; NULL if there is none. */
struct node *grammar_compound(struct lexer *lexer);
