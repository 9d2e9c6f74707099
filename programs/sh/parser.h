/* SPDX-License-Identifier: MIT */
/*
 * The grammar of the shell (POSIX.1-2017 XCU 2.10): tokens become trees.
 *
 * Recursive descent, one function per rule. A function that finds an error reports it through the
 * lexer, which from then on has only TOKEN_END, so loops end by themselves; what they return then
 * is never executed.
 */
#pragma once

#include "lexer.h"

enum parse_result {
    PARSE_COMMAND, /* a tree, whose root is NULL for an empty line */
    PARSE_END,
    PARSE_ERROR, /* reported */
};

/* Reads one complete command. The caller owns a reference to the tree of PARSE_COMMAND. */
enum parse_result parser_next(struct input *input, struct tree **ret_tree);

/* if, then, {, ! and so on. */
bool parser_is_reserved(const char *text);

/* For the lexer: what stands in $( ) behind the parenthesis, and what stood in ` `. */
struct node *parser_command_in_parentheses(struct lexer *lexer);
struct node *parser_command_of_text(struct lexer *lexer, const char *text);
