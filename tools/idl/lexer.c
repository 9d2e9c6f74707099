/* SPDX-License-Identifier: MIT */
#include "lexer.h"
#include <stdlib.h>
#include <string.h>

struct lexer {
    struct arena *arena;
    struct diagnostics *diagnostics;
    const struct source *source;
    uint32_t at;
    uint32_t lines_before;
    struct tokens tokens;
    uint32_t room;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(const struct lexer *lexer, uint32_t ahead)
{
    uint32_t at = lexer->at + ahead;
    return at < lexer->source->length ? lexer->source->bytes[at] : 0;
}

static struct span span(const struct lexer *lexer, uint32_t length)
{
    return (struct span){lexer->source, lexer->at, length};
}

static void token_add(struct lexer *lexer, enum token_kind kind, uint32_t length)
{
    if (lexer->tokens.count == lexer->room) {
        lexer->room = lexer->room == 0 ? 256 : 2 * lexer->room;
        struct token *list = arena_alloc(lexer->arena, lexer->room * sizeof *list);
        if (lexer->tokens.count > 0) {
            memcpy(list, lexer->tokens.list, lexer->tokens.count * sizeof *list);
        }
        lexer->tokens.list = list;
    }
    lexer->tokens.list[lexer->tokens.count++] =
        (struct token){kind, span(lexer, length), lexer->lines_before};
    lexer->at += length;
    lexer->lines_before = 0;
}

static void space_skip(struct lexer *lexer)
{
    for (;; lexer->at++) {
        char c = peek(lexer, 0);
        if (c == '\n') {
            lexer->lines_before++;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

static void comment_add(struct lexer *lexer)
{
    uint32_t length = 2;
    while (lexer->at + length < lexer->source->length && peek(lexer, length) != '\n') {
        length++;
    }
    /* Four strokes draw a line and document nothing. */
    bool is_doc = peek(lexer, 2) == '/' && peek(lexer, 3) != '/';
    token_add(lexer, is_doc ? TOKEN_DOC : TOKEN_COMMENT, length);
}

static void string_add(struct lexer *lexer)
{
    uint32_t length = 1;
    while (peek(lexer, length) != '"') {
        char c = peek(lexer, length);
        if (c == '\n' || lexer->at + length >= lexer->source->length) {
            diagnostic_error(lexer->diagnostics, span(lexer, length), "this text does not end");
            diagnostic_help(lexer->diagnostics, "put a `\"` at its end; a text is on one line");
            lexer->at += length;
            return;
        }
        length++;
    }
    token_add(lexer, TOKEN_STRING, length + 1);
}

/* A run of bytes that no word begins with is one error. */
static void bad_bytes(struct lexer *lexer)
{
    uint32_t length = 0;
    char c;
    do {
        length++;
        c = peek(lexer, length);
    } while (lexer->at + length < lexer->source->length && (c & 0x80) != 0);
    unsigned char first = (unsigned char)peek(lexer, 0);
    diagnostic_error(lexer->diagnostics, span(lexer, length),
                     first < ' ' ? "byte 0x%02x does not belong here"
                                 : "this does not belong here (byte 0x%02x)",
                     first);
    if (first == '/') {
        diagnostic_help(lexer->diagnostics, "a comment is `// ...` to the end of the line");
    } else if (first == '[') {
        diagnostic_help(lexer->diagnostics, "an array is `array<TYPE, COUNT>`");
    }
    lexer->at += length;
}

static void token_next(struct lexer *lexer)
{
    char c = peek(lexer, 0);
    uint32_t length = 1;
    if (c == '/' && peek(lexer, 1) == '/') {
        comment_add(lexer);
    } else if (is_letter(c) || is_digit(c)) {
        while (is_letter(peek(lexer, length)) || is_digit(peek(lexer, length))) {
            length++;
        }
        token_add(lexer, is_digit(c) ? TOKEN_NUMBER : TOKEN_NAME, length);
    } else if (c == '"') {
        string_add(lexer);
    } else if (c == '-' && peek(lexer, 1) == '>') {
        token_add(lexer, TOKEN_ARROW, 2);
    } else if (c != 0 && strchr("{}()<>:;,.=|@-", c) != NULL) {
        token_add(lexer, TOKEN_SIGN, 1);
    } else {
        bad_bytes(lexer);
    }
}

struct tokens lexer_run(struct arena *arena, struct diagnostics *diagnostics,
                        const struct source *source)
{
    struct lexer lexer = {.arena = arena, .diagnostics = diagnostics, .source = source};
    for (;;) {
        space_skip(&lexer);
        if (lexer.at >= source->length) {
            break;
        }
        token_next(&lexer);
    }
    token_add(&lexer, TOKEN_END, 0);
    return lexer.tokens;
}

bool token_is(const struct token *token, const char *text)
{
    return token->where.length == strlen(text) && token->kind != TOKEN_END &&
           memcmp(token->where.source->bytes + token->where.offset, text, token->where.length) == 0;
}
