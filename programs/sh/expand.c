/* SPDX-License-Identifier: MIT */
#include "expand.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arithmetic.h"
#include "execute.h"
#include "memory.h"
#include "shell.h"
#include "variable.h"

enum mark expansion_mark(bool quoted)
{
    return quoted ? MARK_QUOTED : MARK_SPLIT;
}

static const char *home_of(const char *user)
{
    const struct passwd *entry;

    if (!*user) {
        return variable_get("HOME");
    }
    entry = getpwnam(user);
    return entry ? entry->pw_dir : NULL;
}

/* A tilde at `text`: adds the directory and returns what is behind the name, or returns `text`. The
 * name must end within this text, unless it is the last part of the word. */
static const char *expand_tilde(struct expansion *expansion, const char *text, bool last)
{
    size_t length = strcspn(text, expansion->assignment ? "/:" : "/");
    const char *home;
    char *user;

    if (text[0] != '~' || (!text[length] && !last)) {
        return text;
    }
    user = text_copy_bytes(text + 1, length - 1);
    home = home_of(user);
    free(user);
    if (!home) {
        return text;
    }
    marked_add(&expansion->result, 0, MARK_EXISTS);
    marked_add_text(&expansion->result, home, MARK_QUOTED);
    return text + length;
}

static void expand_plain_text(struct expansion *expansion, const struct part *part, bool first)
{
    const char *text = part->text;
    enum mark mark = expansion->operand ? MARK_SPLIT : MARK_LITERAL;

    if (part->quoted) {
        if (!*text) {
            marked_add(&expansion->result, 0, MARK_EXISTS);
        }
        marked_add_text(&expansion->result, text, MARK_QUOTED);
        return;
    }
    if (first) {
        text = expand_tilde(expansion, text, !part->next);
    }
    while (*text) {
        marked_add(&expansion->result, *text, mark);
        if (*text++ == ':' && expansion->assignment) {
            text = expand_tilde(expansion, text, !part->next);
        }
    }
}

static void expand_command(struct expansion *expansion, const struct part *part)
{
    struct buffer output = {0};

    execute_substitution(part->command, &output);
    if (part->quoted) {
        marked_add(&expansion->result, 0, MARK_EXISTS);
    }
    marked_add_text(&expansion->result, buffer_text(&output), expansion_mark(part->quoted));
    buffer_fini(&output);
}

static void expand_arithmetic(struct expansion *expansion, const struct part *part)
{
    char *text = expand_text(part->operand, 0);
    int64_t value;
    char number[24];

    if (shell.flow == FLOW_NONE && arithmetic_evaluate(text, &value)) {
        (void)snprintf(number, sizeof(number), "%" PRId64, value);
        marked_add_text(&expansion->result, number, expansion_mark(part->quoted));
    }
    free(text);
}

void expand_parts(struct expansion *expansion, const struct part *parts)
{
    bool first = true;

    for (const struct part *part = parts; part && shell.flow == FLOW_NONE; part = part->next) {
        switch (part->kind) {
        case PART_TEXT:
            expand_plain_text(expansion, part, first);
            break;
        case PART_PARAMETER:
            expand_parameter(expansion, part);
            break;
        case PART_COMMAND:
            expand_command(expansion, part);
            break;
        case PART_ARITHMETIC:
            expand_arithmetic(expansion, part);
            break;
        }
        first = false;
    }
}

void expand_words(const struct word *words, struct fields *fields)
{
    for (; words && shell.flow == FLOW_NONE; words = words->next) {
        struct expansion expansion = {.splits = true};

        expand_parts(&expansion, words->parts);
        if (shell.flow == FLOW_NONE) {
            fields_add_marked(fields, &expansion.result, !shell.no_glob);
        }
        marked_fini(&expansion.result);
    }
}

/* In NAME=~/x the tilde stands behind the equals sign, which is in the same part: the caller has
 * given only what is behind it. */
char *expand_text(const struct part *parts, unsigned how)
{
    struct expansion expansion = {.assignment = how & EXPAND_ASSIGNMENT};
    char *text;

    expand_parts(&expansion, parts);
    text =
        how & EXPAND_PATTERN ? marked_pattern(&expansion.result) : marked_text(&expansion.result);
    marked_fini(&expansion.result);
    return text;
}
