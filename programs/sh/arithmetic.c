/* SPDX-License-Identifier: MIT */
/*
 * Precedence climbing: binary() handles the operations of one level and above. In a part that is
 * skipped (the right side of && and ||, one side of ?:) everything is read and nothing assigned,
 * and a division by zero is none.
 */
#include "arithmetic.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "shell.h"
#include "variable.h"

#define DEPTH_MAX 200

struct evaluation {
    const char *whole;
    const char *next;
    unsigned skipping;
    unsigned depth;
    bool failed;
};

struct operation {
    const char *text;
    unsigned level; /* the higher, the tighter */
};

/* Longer ones first, where one begins with another. */
static const struct operation operations[] = {
    {"||", 1}, {"&&", 2}, {"==", 6}, {"!=", 6}, {"<=", 7}, {">=", 7},
    {"<<", 8}, {">>", 8}, {"|", 3},  {"^", 4},  {"&", 5},  {"<", 7},
    {">", 7},  {"+", 9},  {"-", 9},  {"*", 10}, {"/", 10}, {"%", 10},
};

static int64_t assignment(struct evaluation *evaluation);

static void fail(struct evaluation *evaluation, const char *message)
{
    if (!evaluation->failed) {
        shell_fail(2, "arithmetic expression: %s: \"%s\"", message, evaluation->whole);
    }
    evaluation->failed = true;
    evaluation->next = "";
}

static void skip_blanks(struct evaluation *evaluation)
{
    evaluation->next += strspn(evaluation->next, " \t\n");
}

static bool take(struct evaluation *evaluation, const char *text)
{
    skip_blanks(evaluation);
    if (strncmp(evaluation->next, text, strlen(text)) != 0) {
        return false;
    }
    evaluation->next += strlen(text);
    return true;
}

static bool read_number(const char *text, const char **ret_end, int64_t *ret_value)
{
    char *end;

    errno = 0;
    *ret_value = strtoimax(text, &end, 0);
    if (errno == ERANGE) {
        *ret_value = (int64_t)strtoumax(text, &end, 0);
    }
    *ret_end = end;
    return end != text && !isalnum((unsigned char)*end) && *end != '_';
}

static int64_t value_of_variable(struct evaluation *evaluation, const char *name)
{
    const char *text = variable_get(name);
    const char *end;
    int64_t value = 0;

    if (!text && shell.no_unset && !evaluation->skipping) {
        shell_fail(2, "%s: parameter not set", name);
        evaluation->failed = true;
        return 0;
    }
    if (!text || !text[strspn(text, " \t\n")]) {
        return 0;
    }
    if (!read_number(text, &end, &value) || end[strspn(end, " \t\n")]) {
        if (!evaluation->failed) {
            shell_fail(2, "Illegal number: %s", text);
        }
        evaluation->failed = true;
        return 0;
    }
    return value;
}

static size_t name_length(const char *text)
{
    size_t length = 0;

    if (isalpha((unsigned char)*text) || *text == '_') {
        while (isalnum((unsigned char)text[length]) || text[length] == '_') {
            length++;
        }
    }
    return length;
}

static int64_t primary(struct evaluation *evaluation)
{
    size_t length;
    int64_t value;

    skip_blanks(evaluation);
    if (take(evaluation, "(")) {
        value = assignment(evaluation);
        if (!take(evaluation, ")")) {
            fail(evaluation, "expecting ')'");
        }
        return value;
    }
    length = name_length(evaluation->next);
    if (length) {
        char *name = text_copy_bytes(evaluation->next, length);

        evaluation->next += length;
        value = value_of_variable(evaluation, name);
        free(name);
        return value;
    }
    if (!isdigit((unsigned char)*evaluation->next)) {
        fail(evaluation, *evaluation->next ? "expecting primary" : "expecting EOF");
        return 0;
    }
    if (!read_number(evaluation->next, &evaluation->next, &value)) {
        fail(evaluation, "expecting EOF");
    }
    return value;
}

static int64_t unary(struct evaluation *evaluation)
{
    int64_t value;

    if (++evaluation->depth > DEPTH_MAX) {
        fail(evaluation, "nested too deeply");
    }
    if (take(evaluation, "-")) {
        value = (int64_t)(0 - (uint64_t)unary(evaluation));
    } else if (take(evaluation, "+")) {
        value = unary(evaluation);
    } else if (take(evaluation, "~")) {
        value = ~unary(evaluation);
    } else if (take(evaluation, "!")) {
        value = !unary(evaluation);
    } else {
        value = primary(evaluation);
    }
    evaluation->depth--;
    return value;
}

static int64_t divide(struct evaluation *evaluation, char operation, int64_t left, int64_t right)
{
    if (right == 0) {
        if (!evaluation->skipping) {
            fail(evaluation, "division by zero");
        }
        return 0;
    }
    if (right == -1) {
        return operation == '/' ? (int64_t)(0 - (uint64_t)left) : 0;
    }
    return operation == '/' ? left / right : left % right;
}

static int64_t apply(struct evaluation *evaluation, const char *operation, int64_t left,
                     int64_t right)
{
    uint64_t one = (uint64_t)left;
    uint64_t two = (uint64_t)right;
    bool doubled = operation[1] == '=' || operation[1] == operation[0];

    switch (operation[0]) {
    case '|':
        return doubled ? left || right : (int64_t)(one | two);
    case '&':
        return doubled ? left && right : (int64_t)(one & two);
    case '^':
        return (int64_t)(one ^ two);
    case '=':
        return left == right;
    case '!':
        return left != right;
    case '<':
        if (operation[1] == '<') {
            return (int64_t)(one << (two & 63));
        }
        return doubled ? left <= right : left < right;
    case '>':
        if (operation[1] == '>') {
            return left >> (two & 63);
        }
        return doubled ? left >= right : left > right;
    case '+':
        return (int64_t)(one + two);
    case '-':
        return (int64_t)(one - two);
    case '*':
        return (int64_t)(one * two);
    default:
        return divide(evaluation, operation[0], left, right);
    }
}

/* The binary operation that is next, or NULL; not one that goes on as an assignment. */
static const struct operation *peek_operator(struct evaluation *evaluation)
{
    skip_blanks(evaluation);
    for (size_t index = 0; index < sizeof(operations) / sizeof(operations[0]); index++) {
        const struct operation *operation = &operations[index];
        size_t length = strlen(operation->text);

        if (strncmp(evaluation->next, operation->text, length) == 0) {
            bool compares =
                strchr("=!<>", operation->text[0]) && length == 2 && operation->text[1] == '=';
            bool logical = operation->level <= 2;

            return !compares && !logical && evaluation->next[length] == '=' ? NULL : operation;
        }
    }
    return NULL;
}

static int64_t binary(struct evaluation *evaluation, unsigned level)
{
    int64_t left = unary(evaluation);

    for (;;) {
        const struct operation *operation = peek_operator(evaluation);
        int64_t right;
        bool skip;

        if (!operation || operation->level < level) {
            return left;
        }
        evaluation->next += strlen(operation->text);
        skip = (operation->level == 1 && left) || (operation->level == 2 && !left);
        evaluation->skipping += skip;
        right = binary(evaluation, operation->level + 1);
        evaluation->skipping -= skip;
        left = apply(evaluation, operation->text, left, right);
    }
}

static int64_t conditional(struct evaluation *evaluation)
{
    int64_t condition = binary(evaluation, 1);
    int64_t yes;
    int64_t no;

    if (!take(evaluation, "?")) {
        return condition;
    }
    evaluation->skipping += !condition;
    yes = assignment(evaluation);
    evaluation->skipping -= !condition;
    if (!take(evaluation, ":")) {
        fail(evaluation, "expecting ':'");
        return 0;
    }
    evaluation->skipping += !!condition;
    no = assignment(evaluation);
    evaluation->skipping -= !!condition;
    return condition ? yes : no;
}

/* The operation in front of = in a compound assignment, "" for a plain one, NULL for none. */
static const char *assignment_operator(const char *text, size_t *ret_length)
{
    static const char *const compound[] = {"<<", ">>", "+", "-", "*", "/", "%", "&", "^", "|"};

    if (text[0] == '=' && text[1] != '=') {
        *ret_length = 1;
        return "";
    }
    for (size_t index = 0; index < sizeof(compound) / sizeof(compound[0]); index++) {
        size_t length = strlen(compound[index]);

        if (strncmp(text, compound[index], length) == 0 && text[length] == '=') {
            *ret_length = length + 1;
            return compound[index];
        }
    }
    return NULL;
}

static int64_t assign(struct evaluation *evaluation, const char *name, const char *operation)
{
    int64_t old = *operation ? value_of_variable(evaluation, name) : 0;
    int64_t value = assignment(evaluation);
    char text[24];

    value = *operation ? apply(evaluation, operation, old, value) : value;
    if (!evaluation->failed && !evaluation->skipping) {
        (void)snprintf(text, sizeof(text), "%" PRId64, value);
        evaluation->failed = !variable_set(name, text);
    }
    return value;
}

static int64_t assignment(struct evaluation *evaluation)
{
    size_t length;
    size_t blanks;
    size_t operator_length;
    const char *operation;
    int64_t value;

    if (++evaluation->depth > DEPTH_MAX) {
        fail(evaluation, "nested too deeply");
    }
    skip_blanks(evaluation);
    length = name_length(evaluation->next);
    blanks = strspn(evaluation->next + length, " \t\n");
    operation =
        length ? assignment_operator(evaluation->next + length + blanks, &operator_length) : NULL;
    if (operation) {
        char *name = text_copy_bytes(evaluation->next, length);

        evaluation->next += length + blanks + operator_length;
        value = assign(evaluation, name, operation);
        free(name);
    } else {
        value = conditional(evaluation);
    }
    evaluation->depth--;
    return value;
}

bool arithmetic_evaluate(const char *expression, int64_t *ret_value)
{
    struct evaluation evaluation = {.whole = expression, .next = expression};
    int64_t value = 0;

    skip_blanks(&evaluation);
    if (*evaluation.next) {
        value = assignment(&evaluation);
        skip_blanks(&evaluation);
        if (!evaluation.failed && *evaluation.next) {
            fail(&evaluation, "expecting EOF");
        }
    }
    *ret_value = value;
    return !evaluation.failed;
}
