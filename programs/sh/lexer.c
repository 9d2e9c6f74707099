/* SPDX-License-Identifier: MIT */
#include "lexer.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shell.h"

void lexer_init(struct lexer *lexer, struct input *input, struct tree *tree)
{
    *lexer = (struct lexer){.input = input, .tree = tree, .capture = true};
}

void lexer_fini(struct lexer *lexer)
{
    buffer_fini(&lexer->source);
}

void lexer_error(struct lexer *lexer, const char *format, ...)
{
    char text[200];
    va_list arguments;

    /* After ^C nobody wants to know what is missing. */
    if (!lexer->failed && shell.flow != FLOW_ABORT) {
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        shell.line = lexer->input->line_number;
        shell_error("Syntax error: %s", text);
    }
    lexer->failed = true;
    lexer->have_token = true;
    lexer->token = TOKEN_END;
}

bool lexer_deeper(struct lexer *lexer)
{
    if (lexer->depth >= LEXER_DEPTH_MAX) {
        lexer_error(lexer, "nested too deeply");
        return false;
    }
    lexer->depth++;
    return true;
}

int lexer_peek_char(struct lexer *lexer)
{
    input_join_lines(lexer->input);
    return input_peek(lexer->input);
}

/* Takes the character as it is, also a backslash before a newline. */
int lexer_get_char(struct lexer *lexer)
{
    int character = input_get(lexer->input);

    if (lexer->capture && character != INPUT_END) {
        buffer_add(&lexer->source, character);
    }
    return character;
}

bool character_ends_word(int character)
{
    return character == INPUT_END || strchr(" \t\n;&|<>()", character);
}

static bool take_char(struct lexer *lexer, int wanted)
{
    if (lexer_peek_char(lexer) != wanted) {
        return false;
    }
    (void)lexer_get_char(lexer);
    return true;
}

static enum token less(struct lexer *lexer)
{
    if (take_char(lexer, '&')) {
        return TOKEN_LESS_AND;
    }
    if (take_char(lexer, '>')) {
        return TOKEN_READ_WRITE;
    }
    if (take_char(lexer, '<')) {
        return take_char(lexer, '-') ? TOKEN_HERE_TABS : TOKEN_HERE;
    }
    return TOKEN_LESS;
}

static enum token greater(struct lexer *lexer)
{
    if (take_char(lexer, '&')) {
        return TOKEN_GREATER_AND;
    }
    if (take_char(lexer, '>')) {
        return TOKEN_APPEND;
    }
    return take_char(lexer, '|') ? TOKEN_CLOBBER : TOKEN_GREATER;
}

static enum token operator_token(struct lexer *lexer)
{
    switch (lexer_get_char(lexer)) {
    case ';':
        return take_char(lexer, ';') ? TOKEN_DOUBLE_SEMICOLON : TOKEN_SEMICOLON;
    case '&':
        return take_char(lexer, '&') ? TOKEN_AND : TOKEN_BACKGROUND;
    case '|':
        return take_char(lexer, '|') ? TOKEN_OR : TOKEN_PIPE;
    case '(':
        return TOKEN_OPEN;
    case ')':
        return TOKEN_CLOSE;
    case '<':
        return less(lexer);
    default:
        return greater(lexer);
    }
}

static void skip_blanks_and_comment(struct lexer *lexer)
{
    while (lexer_peek_char(lexer) == ' ' || lexer_peek_char(lexer) == '\t') {
        (void)lexer_get_char(lexer);
    }
    /* A backslash at the end of a comment does not join lines. */
    if (lexer_peek_char(lexer) == '#') {
        while (input_peek(lexer->input) != '\n' && input_peek(lexer->input) != INPUT_END) {
            (void)lexer_get_char(lexer);
        }
    }
}

/* One line of a here-document without its newline. False at the end of the input. */
static bool here_line(struct lexer *lexer, struct buffer *line, bool *ret_newline)
{
    int character = input_get(lexer->input);

    line->length = 0;
    *ret_newline = false;
    if (character == INPUT_END) {
        return false;
    }
    while (character != INPUT_END && character != '\n') {
        buffer_add(line, character);
        character = input_get(lexer->input);
    }
    *ret_newline = character == '\n';
    return true;
}

/* An end of the input ends the document too. */
static void read_here_document(struct lexer *lexer, const struct here_document *here)
{
    struct buffer line = {0};
    struct buffer body = {0};
    struct part *part;
    bool newline;

    while (here_line(lexer, &line, &newline)) {
        const char *text = buffer_text(&line);

        while (here->strip_tabs && *text == '\t') {
            text++;
        }
        if (strcmp(text, here->delimiter) == 0) {
            break;
        }
        buffer_append_text(&body, text);
        if (newline) {
            buffer_add(&body, '\n');
        }
    }
    if (here->quoted) {
        part = arena_get(&lexer->tree->arena, sizeof(*part));
        part->kind = PART_TEXT;
        part->quoted = true;
        part->text = arena_text(&lexer->tree->arena, buffer_text(&body), body.length);
        here->redirect->target = part;
    } else {
        here->redirect->target = lexer_here_parts(lexer, buffer_text(&body));
    }
    buffer_fini(&line);
    buffer_fini(&body);
}

static void read_here_documents(struct lexer *lexer)
{
    unsigned count = lexer->here_count;

    lexer->here_count = 0;
    for (unsigned index = 0; index < count; index++) {
        read_here_document(lexer, &lexer->here[index]);
    }
}

static bool is_number(const char *text)
{
    return text && *text && strspn(text, "0123456789") == strlen(text);
}

enum token lexer_peek(struct lexer *lexer)
{
    int character;

    if (lexer->have_token) {
        return lexer->token;
    }
    lexer->word = NULL;
    skip_blanks_and_comment(lexer);
    lexer->token_start = lexer->source.length;
    character = lexer_peek_char(lexer);
    if (character == INPUT_END) {
        lexer->token = TOKEN_END;
        read_here_documents(lexer);
    } else if (character == '\n') {
        (void)lexer_get_char(lexer);
        lexer->token = TOKEN_NEWLINE;
        read_here_documents(lexer);
    } else if (character_ends_word(character)) {
        lexer->token = operator_token(lexer);
    } else {
        struct word *word = arena_get(&lexer->tree->arena, sizeof(*word));

        word->parts = lexer_word_parts(lexer);
        lexer->word = word;
        lexer->token = TOKEN_WORD;
        character = lexer_peek_char(lexer);
        if ((character == '<' || character == '>') && is_number(word_plain(word))) {
            lexer->token = TOKEN_NUMBER;
        }
    }
    if (lexer->failed) {
        lexer->token = TOKEN_END;
    }
    lexer->token_end = lexer->source.length;
    lexer->have_token = true;
    return lexer->token;
}

void lexer_take(struct lexer *lexer)
{
    if (!lexer->failed) {
        lexer->last_end = lexer->token_end;
        lexer->have_token = false;
    }
}

const char *token_name(enum token token)
{
    static const char *const names[] = {
        [TOKEN_END] = "end of file",  [TOKEN_NEWLINE] = "newline",
        [TOKEN_WORD] = "word",        [TOKEN_NUMBER] = "word",
        [TOKEN_SEMICOLON] = "\";\"",  [TOKEN_DOUBLE_SEMICOLON] = "\";;\"",
        [TOKEN_BACKGROUND] = "\"&\"", [TOKEN_AND] = "\"&&\"",
        [TOKEN_OR] = "\"||\"",        [TOKEN_PIPE] = "\"|\"",
        [TOKEN_OPEN] = "\"(\"",       [TOKEN_CLOSE] = "\")\"",
    };

    return token <= TOKEN_CLOSE ? names[token] : "redirection";
}
