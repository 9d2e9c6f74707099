/* SPDX-License-Identifier: MIT */
#include "parser_words.h"
#include <string.h>

void parser_begin(struct parser *parser, const struct source *source)
{
    struct tokens all = lexer_run(parser->arena, parser->diagnostics, source);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < all.count; i++) {
        if (all.list[i].kind != TOKEN_COMMENT) {
            all.list[kept++] = all.list[i];
        }
    }
    parser->first = all.list;
    parser->now = all.list;
}

void parser_step(struct parser *parser)
{
    if (parser->now->kind != TOKEN_END) {
        parser->now++;
    }
}

bool parser_at(const struct parser *parser, const char *text)
{
    return token_is(parser->now, text);
}

bool parser_take(struct parser *parser, const char *text)
{
    if (!parser_at(parser, text)) {
        return false;
    }
    parser_step(parser);
    return true;
}

const char *parser_word(struct parser *parser)
{
    if (parser->now->kind == TOKEN_END) {
        return "";
    }
    struct span where = parser->now->where;
    return arena_text(parser->arena, where.source->bytes + where.offset, where.length);
}

/* "found `x`", cut to a length that can be read. */
static const char *found(struct parser *parser)
{
    if (parser->now->kind == TOKEN_END) {
        return "the end of the file";
    }
    if (parser->now->kind == TOKEN_DOC) {
        return "documentation";
    }
    return arena_printf(parser->arena, "`%.30s`", parser_word(parser));
}

bool parser_expect(struct parser *parser, const char *text, const char *why)
{
    if (parser_take(parser, text)) {
        return true;
    }
    struct span where = parser->now->where;
    if (parser->now->lines_before > 0 && parser->now > parser->first) {
        /* What is missing at the end of a line is shown there. */
        where = parser->now[-1].where;
        where.offset += where.length;
        where.length = 1;
    }
    diagnostic_error(parser->diagnostics, where, "`%s` %s; found %s", text, why, found(parser));
    return false;
}

bool parser_name(struct parser *parser, const char *what, const char **ret_name,
                 struct span *ret_where)
{
    if (parser->now->kind != TOKEN_NAME) {
        diagnostic_error(parser->diagnostics, parser->now->where,
                         "here the name of %s is wanted; found %s", what, found(parser));
        return false;
    }
    *ret_name = parser_word(parser);
    *ret_where = parser->now->where;
    parser_step(parser);
    return true;
}

bool parser_path(struct parser *parser, const char *what, struct path *ret_path)
{
    struct text text = {0};
    struct span where = parser->now->where;
    const char *name;
    struct span last;
    bool is_good;
    do {
        is_good = parser_name(parser, what, &name, &last);
        if (is_good) {
            text_printf(&text, "%s%s", text.length > 0 ? "." : "", name);
        }
    } while (is_good && parser_take(parser, "."));
    if (is_good) {
        where.length = last.offset + last.length - where.offset;
        *ret_path = (struct path){arena_text(parser->arena, text_of(&text), text.length), where};
    }
    text_free(&text);
    return is_good;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* A unit of time at the end of a number, in nanoseconds; 0 if it is none. */
static uint64_t unit_of(const char *text)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text, units[i].name) == 0) {
            return units[i].ns;
        }
    }
    return 0;
}

/* Decimal or 0x; underscores between digits; a unit of time makes it nanoseconds. */
static bool number_read(struct parser *parser, struct value *value)
{
    const char *text = parser_word(parser);
    int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
    text += base == 16 ? 2 : 0;
    bool has_digit = false;
    number_t number = 0;
    for (; digit(*text) < base || (*text == '_' && has_digit); text++) {
        if (*text == '_') {
            continue;
        }
        has_digit = true;
        number = number * base + digit(*text);
        if (number > (number_t)UINT64_MAX) {
            diagnostic_error(parser->diagnostics, parser->now->where,
                             "this number does not fit into 64 bits");
            return false;
        }
    }
    uint64_t unit = *text == 0 ? 1 : unit_of(text);
    if (!has_digit || unit == 0) {
        diagnostic_error(parser->diagnostics, parser->now->where, "this is not a number");
        diagnostic_help(parser->diagnostics,
                        "numbers are 123, 0x7f or 4_096; times end with ns, us, ms or s");
        return false;
    }
    value->number = number * unit;
    return true;
}

struct value *parser_value(struct parser *parser)
{
    struct value *value = ARENA_NEW(parser->arena, struct value);
    value->where = parser->now->where;
    value->is_negative = parser_take(parser, "-");
    if (parser->now->kind == TOKEN_NUMBER) {
        value->kind = VALUE_NUMBER;
        if (!number_read(parser, value)) {
            return NULL;
        }
        value->number = value->is_negative ? -value->number : value->number;
        parser_step(parser);
    } else if (parser->now->kind == TOKEN_STRING) {
        value->kind = VALUE_TEXT;
        const char *word = parser_word(parser);
        value->text = arena_text(parser->arena, word + 1, strlen(word) - 2);
        parser_step(parser);
    } else if (parser_at(parser, "true") || parser_at(parser, "false")) {
        value->kind = VALUE_BOOL;
        value->number = parser_at(parser, "true");
        parser_step(parser);
    } else {
        value->kind = VALUE_PATH;
        if (!parser_path(parser, "a constant, or a value,", &value->path)) {
            return NULL;
        }
    }
    value->where.length = parser_end_of_last(parser) - value->where.offset;
    return value;
}

struct value *parser_ordinal(struct parser *parser)
{
    if (parser->now->kind != TOKEN_NUMBER) {
        diagnostic_error(parser->diagnostics, parser->now->where,
                         "here a number and `:` are wanted; found %s", found(parser));
        diagnostic_help(parser->diagnostics,
                        "the number stands for it on the wire and never changes: `1: NAME...`");
        return NULL;
    }
    struct value *value = parser_value(parser);
    if (value == NULL || !parser_expect(parser, ":", "follows the number")) {
        return NULL;
    }
    return value;
}

const char *parser_doc(struct parser *parser)
{
    if (parser->now->kind != TOKEN_DOC) {
        return NULL;
    }
    struct text text = {0};
    for (; parser->now->kind == TOKEN_DOC; parser_step(parser)) {
        const char *line = parser_word(parser) + 3;
        line += *line == ' ';
        size_t length = strcspn(line, "\r");
        text_printf(&text, "%s%.*s", text.length > 0 ? "\n" : "", (int)length, line);
    }
    const char *doc = arena_text(parser->arena, text_of(&text), text.length);
    text_free(&text);
    return doc;
}

uint32_t parser_column(const struct parser *parser)
{
    uint32_t line, column;
    span_position(parser->now->where, &line, &column);
    return column;
}

uint32_t parser_end_of_last(const struct parser *parser)
{
    struct span last = parser->now > parser->first ? parser->now[-1].where : parser->now->where;
    return last.offset + last.length;
}
