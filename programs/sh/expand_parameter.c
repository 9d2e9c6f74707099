/* SPDX-License-Identifier: MIT */
/* $x and ${x...}. */
#include "expand.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "jobs.h"
#include "memory.h"
#include "options.h"
#include "shell.h"
#include "variable.h"

static bool is_list(const char *name)
{
    return (name[0] == '@' || name[0] == '*') && !name[1];
}

static char *number_text(long number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%ld", number);
    return text_copy(text);
}

static char *copy_or_null(const char *text)
{
    return text ? text_copy(text) : NULL;
}

/* What stands between the parameters of "$*". */
static const char *list_separator(char *ret_text)
{
    const char *separators = variable_get("IFS");

    ret_text[0] = separators ? separators[0] : ' ';
    ret_text[1] = 0;
    return ret_text;
}

static char *join_positional(bool star)
{
    struct buffer text = {0};
    char separator[2];

    for (size_t index = 0; index < positional.count; index++) {
        if (index > 0) {
            buffer_append_text(&text, star ? list_separator(separator) : " ");
        }
        buffer_append_text(&text, positional.values[index]);
    }
    return buffer_take(&text);
}

/* The value of any parameter, which the caller frees, or NULL if it is not set. */
static char *parameter_value(const char *name)
{
    if (isdigit((unsigned char)name[0])) {
        unsigned long number = strtoul(name, NULL, 10);

        if (number == 0) {
            return text_copy(shell.name);
        }
        return number <= positional.count ? text_copy(positional.values[number - 1]) : NULL;
    }
    switch (name[0]) {
    case '@':
    case '*':
        return positional.count ? join_positional(name[0] == '*') : NULL;
    case '#':
        return number_text((long)positional.count);
    case '?':
        return number_text(shell.status);
    case '$':
        return number_text(shell.pid);
    case '!':
        return jobs_last_background() ? number_text(jobs_last_background()) : NULL;
    case '-':
        return options_letters();
    default:
        return copy_or_null(variable_get(name));
    }
}

/* $@ and $*: fields of their own where fields are wanted. */
static void expand_list(struct expansion *expansion, const char *name, bool quoted)
{
    bool star = name[0] == '*';
    char separator[2];

    if (star && quoted) {
        marked_add(&expansion->result, 0, MARK_EXISTS);
    }
    for (size_t index = 0; index < positional.count; index++) {
        if (index > 0) {
            if (star && (quoted || !expansion->splits)) {
                marked_add_text(&expansion->result, list_separator(separator), MARK_QUOTED);
            } else {
                marked_add(&expansion->result, 0, MARK_BREAK);
            }
        }
        if (quoted) {
            marked_add(&expansion->result, 0, MARK_EXISTS);
        }
        marked_add_text(&expansion->result, positional.values[index], expansion_mark(quoted));
    }
}

static void add_value(struct expansion *expansion, const struct part *part, const char *value)
{
    if (is_list(part->text)) {
        expand_list(expansion, part->text, part->quoted);
        return;
    }
    if (part->quoted) {
        marked_add(&expansion->result, 0, MARK_EXISTS);
    }
    marked_add_text(&expansion->result, value, expansion_mark(part->quoted));
}

static void expand_operand(struct expansion *expansion, const struct part *part)
{
    bool operand = expansion->operand;

    expansion->operand = expansion->splits;
    if (part->quoted && !part->operand) {
        marked_add(&expansion->result, 0, MARK_EXISTS);
    }
    expand_parts(expansion, part->operand);
    expansion->operand = operand;
}

static void assign_operand(struct expansion *expansion, const struct part *part)
{
    char *value;

    if (!name_is_valid(part->text, strlen(part->text))) {
        shell_fail(2, "%s: bad variable name", part->text);
        return;
    }
    value = expand_text(part->operand, 0);
    if (shell.flow == FLOW_NONE && variable_set(part->text, value)) {
        add_value(expansion, part, value);
    }
    free(value);
}

static void report_operand(const struct part *part)
{
    char *message = expand_text(part->operand, 0);

    if (shell.flow == FLOW_NONE) {
        shell_fail(2, "%s: %s", part->text,
                   *message      ? message
                   : part->colon ? "parameter not set or null"
                                 : "parameter not set");
    }
    free(message);
}

static size_t count_characters(const char *text)
{
    size_t count = mbstowcs(NULL, text, 0);

    return count == (size_t)-1 ? strlen(text) : count;
}

static bool at_character(const char *text)
{
    return ((unsigned char)*text & 0xc0) != 0x80;
}

/* How many bytes of the value the prefix takes that matches; 0 also if none does. */
static size_t match_prefix(char *value, const char *pattern, bool longest)
{
    size_t length = strlen(value);

    for (size_t step = 0; step <= length; step++) {
        size_t end = longest ? length - step : step;
        char saved = value[end];
        bool matches;

        if (!at_character(value + end)) {
            continue;
        }
        value[end] = 0;
        matches = fnmatch(pattern, value, 0) == 0;
        value[end] = saved;
        if (matches) {
            return end;
        }
    }
    return 0;
}

/* Where the suffix begins that matches; the end of the value if none does. */
static size_t match_suffix(const char *value, const char *pattern, bool longest)
{
    size_t length = strlen(value);

    for (size_t step = 0; step <= length; step++) {
        size_t start = longest ? step : length - step;

        if (at_character(value + start) && fnmatch(pattern, value + start, 0) == 0) {
            return start;
        }
    }
    return length;
}

static void remove_pattern(struct expansion *expansion, const struct part *part, char *value)
{
    char *pattern = expand_text(part->operand, EXPAND_PATTERN);
    struct part plain = *part;

    if (shell.flow != FLOW_NONE) {
        free(pattern);
        return;
    }
    /* The parameters joined, as one text. */
    plain.text = "";
    switch (part->operation) {
    case PARAMETER_PREFIX:
    case PARAMETER_LONGEST_PREFIX:
        add_value(expansion, &plain,
                  value +
                      match_prefix(value, pattern, part->operation == PARAMETER_LONGEST_PREFIX));
        break;
    default:
        value[match_suffix(value, pattern, part->operation == PARAMETER_LONGEST_SUFFIX)] = 0;
        add_value(expansion, &plain, value);
        break;
    }
    free(pattern);
}

static void expand_length(struct expansion *expansion, const struct part *part, const char *value)
{
    size_t count = is_list(part->text) ? positional.count : count_characters(value);
    char *text = number_text((long)count);

    marked_add_text(&expansion->result, text, expansion_mark(part->quoted));
    free(text);
}

static void expand_value(struct expansion *expansion, const struct part *part, char *value)
{
    bool set = value && !(part->colon && !*value);

    switch (part->operation) {
    case PARAMETER_DEFAULT:
        if (!set) {
            expand_operand(expansion, part);
            return;
        }
        break;
    case PARAMETER_ASSIGN:
        if (!set) {
            assign_operand(expansion, part);
            return;
        }
        break;
    case PARAMETER_ERROR:
        if (!set) {
            report_operand(part);
            return;
        }
        break;
    case PARAMETER_ALTERNATIVE:
        if (set) {
            expand_operand(expansion, part);
        } else if (part->quoted) {
            marked_add(&expansion->result, 0, MARK_EXISTS);
        }
        return;
    case PARAMETER_LENGTH:
        expand_length(expansion, part, value ? value : "");
        return;
    case PARAMETER_SUFFIX:
    case PARAMETER_LONGEST_SUFFIX:
    case PARAMETER_PREFIX:
    case PARAMETER_LONGEST_PREFIX: {
        char *text = text_copy(value ? value : "");

        remove_pattern(expansion, part, text);
        free(text);
        return;
    }
    case PARAMETER_PLAIN:
    case PARAMETER_BAD:
        break;
    }
    add_value(expansion, part, value ? value : "");
}

/* Whether an unset parameter is an error here with -u. */
static bool is_strict(enum parameter_operation operation)
{
    return operation == PARAMETER_PLAIN || operation >= PARAMETER_LENGTH;
}

void expand_parameter(struct expansion *expansion, const struct part *part)
{
    char *value;

    if (part->operation == PARAMETER_BAD) {
        shell_fail(2, "Bad substitution");
        return;
    }
    value = parameter_value(part->text);
    if (!value && shell.no_unset && is_strict(part->operation) && !is_list(part->text)) {
        shell_fail(2, "%s: parameter not set", part->text);
        return;
    }
    expand_value(expansion, part, value);
    free(value);
}
