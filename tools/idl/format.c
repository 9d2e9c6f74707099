/* SPDX-License-Identifier: MIT */
#include "format.h"
#include <string.h>

struct formatter {
    struct text *text;
    const struct token *before; /* NULL at the start */
    uint32_t depth;             /* of braces */
    bool is_declaration;        /* the statement is const, enum, bits, table or union */
    bool at_statement;          /* the next word begins one */
};

static bool is_comment(const struct token *token)
{
    return token->kind == TOKEN_COMMENT || token->kind == TOKEN_DOC;
}

static bool is_one_of(const struct token *token, const char *signs)
{
    char c = token->where.source->bytes[token->where.offset];
    return token->kind == TOKEN_SIGN && strchr(signs, c) != NULL;
}

/* Whether a statement or a line is over before this token. */
static bool begins_line(const struct formatter *formatter, const struct token *token)
{
    const struct token *before = formatter->before;
    if (before == NULL) {
        return false;
    }
    bool is_trailing = token->kind == TOKEN_COMMENT && token->lines_before == 0;
    if (is_comment(before) || token->lines_before > 0) {
        return true;
    }
    return !is_trailing && (formatter->at_statement || is_one_of(before, "{") ||
                            (is_one_of(token, "}") && !is_one_of(before, "}")));
}

static void line_begin(struct formatter *formatter, const struct token *token)
{
    bool is_close = is_one_of(token, "}");
    bool is_first = is_one_of(formatter->before, "{");
    text_printf(formatter->text, "\n");
    if (token->lines_before > 1 && !is_close && !is_first) {
        text_printf(formatter->text, "\n");
    }
    uint32_t indent = 4 * (formatter->depth - (is_close && formatter->depth > 0));
    if (!formatter->at_statement && !is_close && !is_first) {
        indent += 4; /* a statement goes on */
    }
    text_printf(formatter->text, "%*s", (int)indent, "");
}

static bool wants_space(const struct formatter *formatter, const struct token *token)
{
    const struct token *before = formatter->before;
    if (before == NULL || is_one_of(before, "(<@.-") || is_one_of(token, ";,)>.(<")) {
        return is_one_of(token, "(") && before != NULL && before->kind == TOKEN_ARROW;
    }
    return !is_one_of(token, ":") || formatter->is_declaration;
}

static bool is_attribute_end(const struct formatter *formatter, const struct token *first,
                             const struct token *token)
{
    /* @name or @name(...) up to here: what follows on a new line begins there like a statement */
    const struct token *at = token - 1;
    (void)formatter;
    if (at > first && is_one_of(at, ")")) {
        while (at > first && !is_one_of(at, "(")) {
            at--;
        }
        at--;
    }
    return at > first && at->kind == TOKEN_NAME && is_one_of(at - 1, "@");
}

static void token_write(struct formatter *formatter, const struct token *first,
                        const struct token *token)
{
    static const char *const declarations[] = {"const", "enum",   "bits",    "table",
                                               "union", "strict", "flexible"};
    if (formatter->before != NULL && is_attribute_end(formatter, first, token) &&
        token->lines_before > 0) {
        formatter->at_statement = true;
    }
    if (begins_line(formatter, token)) {
        line_begin(formatter, token);
    } else if (wants_space(formatter, token)) {
        text_printf(formatter->text, " ");
    }
    if (formatter->at_statement && !is_comment(token)) {
        formatter->is_declaration = false;
        for (size_t i = 0; i < sizeof declarations / sizeof declarations[0]; i++) {
            formatter->is_declaration |= formatter->depth == 0 && token_is(token, declarations[i]);
        }
    }
    const char *bytes = token->where.source->bytes + token->where.offset;
    size_t length = token->where.length;
    while (is_comment(token) && length > 0 && strchr(" \t\r", bytes[length - 1]) != NULL) {
        length--;
    }
    text_add(formatter->text, bytes, length);
    formatter->depth += is_one_of(token, "{");
    formatter->depth -= is_one_of(token, "}") && formatter->depth > 0;
    formatter->at_statement =
        is_one_of(token, ";{") || (is_comment(token) && formatter->at_statement);
    formatter->before = token;
}

void format_source(struct arena *arena, const struct source *source, struct text *text)
{
    struct diagnostics ignored = {0};
    struct tokens tokens = lexer_run(arena, &ignored, source);
    struct formatter formatter = {.text = text, .at_statement = true};
    for (uint32_t i = 0; tokens.list[i].kind != TOKEN_END; i++) {
        token_write(&formatter, tokens.list, &tokens.list[i]);
    }
    text_printf(text, "\n");
    text_free(&ignored.text);
}
