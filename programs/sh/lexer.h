/* SPDX-License-Identifier: MIT */
/*
 * Cuts the input into tokens: operators, newlines and words. Words are made of parts at once, so
 * the lexer needs the parser for what stands in $( ) (lexer_word.c), as the parser needs it.
 *
 * The lexer is one token ahead of the parser and never reads more than it needs: behind the
 * newline that ends a command nothing is asked of a person. Lexing a newline reads the bodies of
 * the here-documents that are due.
 *
 * After an error, which is reported at once, there is only TOKEN_END.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "input.h"
#include "tree.h"

#define LEXER_DEPTH_MAX 400
#define LEXER_HERE_MAX  16

enum token {
    TOKEN_END,
    TOKEN_NEWLINE,
    TOKEN_WORD,
    TOKEN_NUMBER, /* digits in front of < or > */
    TOKEN_SEMICOLON,
    TOKEN_DOUBLE_SEMICOLON,
    TOKEN_BACKGROUND,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_PIPE,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_LESS,
    TOKEN_GREATER,
    TOKEN_CLOBBER,
    TOKEN_APPEND,
    TOKEN_READ_WRITE,
    TOKEN_LESS_AND,
    TOKEN_GREATER_AND,
    TOKEN_HERE,
    TOKEN_HERE_TABS, /* <<- */
};

struct here_document {
    struct redirect *redirect;
    const char *delimiter;
    bool quoted;
    bool strip_tabs;
};

struct lexer {
    struct input *input;
    struct tree *tree;
    unsigned depth; /* of nesting: a guard of the stack */
    bool failed;

    struct buffer source; /* what was read, if `capture` */
    bool capture;

    /* the token ahead, if there is one */
    bool have_token;
    enum token token;
    struct word *word;
    size_t token_start;
    size_t token_end;
    size_t last_end; /* of the token that was taken last */

    struct here_document here[LEXER_HERE_MAX];
    unsigned here_count;
};

void lexer_init(struct lexer *lexer, struct input *input, struct tree *tree);
void lexer_fini(struct lexer *lexer);

/* The token ahead; for a word, `word` has it. */
enum token lexer_peek(struct lexer *lexer);
void lexer_take(struct lexer *lexer);
const char *token_name(enum token token);

/* Reports "Syntax error: ..." once. */
void lexer_error(struct lexer *lexer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool lexer_deeper(struct lexer *lexer);

/* Between lexer.c and lexer_word.c */
int lexer_peek_char(struct lexer *lexer);
int lexer_get_char(struct lexer *lexer);
struct part *lexer_word_parts(struct lexer *lexer);
struct part *lexer_here_parts(struct lexer *lexer, const char *text);
bool character_ends_word(int character);
