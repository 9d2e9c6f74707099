/* SPDX-License-Identifier: MIT */
#include "check.h"
#include <string.h>

/* Words of C and C++ that a field, parameter or method cannot be called. */
static const char *const taken[] = {
    "alignas",
    "alignof",
    "and",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "constexpr",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "nullptr",
    "operator",
    "or",
    "private",
    "protected",
    "public",
    "register",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "template",
    "this",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "while",
    "xor",
    /* parameters and variables of the generated code */
    "session",
    "deadline",
    "status",
    "request",
    "reply",
    "message",
    "server",
    "pending",
    "handlers",
    "reader",
    "writer",
    "via",
    "attempt",
};

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* fooBar, FooBar, FOO_BAR -> foo_bar */
static void snake_case(const char *name, char *snake, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; name[i] != 0 && length + 2 < size; i++) {
        bool begins_word =
            is_upper(name[i]) && i > 0 && name[i - 1] != '_' && !is_upper(name[i - 1]);
        if (begins_word) {
            snake[length++] = '_';
        }
        if (name[i] == '_' && (length == 0 || snake[length - 1] == '_')) {
            continue;
        }
        snake[length++] = is_upper(name[i]) ? (char)(name[i] - 'A' + 'a') : name[i];
    }
    while (length > 0 && snake[length - 1] == '_') {
        length--;
    }
    snake[length] = 0;
}

void check_name(struct diagnostics *diagnostics, const char *name, struct span where)
{
    char snake[80];
    snake_case(name, snake, sizeof snake);
    if (strlen(name) > 60) {
        diagnostic_error(diagnostics, where, "this name is longer than 60 characters");
        return;
    }
    if (strcmp(name, snake) != 0) {
        diagnostic_error(diagnostics, where, "names are words in lower case with `_` between them");
        diagnostic_help(diagnostics, "write `%s`", snake[0] != 0 ? snake : "something else");
        return;
    }
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (strcmp(name, taken[i]) == 0) {
            diagnostic_error(diagnostics, where,
                             "`%s` is a word of C, C++ or of the generated code", name);
            diagnostic_help(diagnostics, "say more, for example `the_%s`", name);
        }
    }
}
