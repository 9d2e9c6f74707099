/* SPDX-License-Identifier: MIT */
#include "builtins.h"

#include <string.h>

#include "printf.h"
#include "shell.h"
#include "test.h"

static const struct builtin builtins[] = {
    {".", builtin_dot, BUILTIN_SPECIAL},
    {":", builtin_true, BUILTIN_SPECIAL},
    {"[", test_main, 0},
    {"alias", builtin_alias, 0},
    {"bg", builtin_background, 0},
    {"break", builtin_break, BUILTIN_SPECIAL},
    {"cd", builtin_cd, 0},
    {"command", builtin_command, 0},
    {"continue", builtin_break, BUILTIN_SPECIAL},
    {"echo", builtin_echo, 0},
    {"eval", builtin_eval, BUILTIN_SPECIAL},
    {"exec", builtin_exec, BUILTIN_SPECIAL},
    {"exit", builtin_exit, BUILTIN_SPECIAL},
    {"export", builtin_export, BUILTIN_SPECIAL | BUILTIN_DECLARES},
    {"false", builtin_false, 0},
    {"fg", builtin_foreground, 0},
    {"getopts", builtin_getopts, 0},
    {"hash", builtin_hash, 0},
    {"history", builtin_history, 0},
    {"jobs", builtin_jobs, 0},
    {"kill", builtin_kill, 0},
    {"local", builtin_local, BUILTIN_DECLARES},
    {"printf", printf_main, 0},
    {"pwd", builtin_pwd, 0},
    {"read", builtin_read, 0},
    {"readonly", builtin_export, BUILTIN_SPECIAL | BUILTIN_DECLARES},
    {"return", builtin_return, BUILTIN_SPECIAL},
    {"set", builtin_set, BUILTIN_SPECIAL},
    {"shift", builtin_shift, BUILTIN_SPECIAL},
    {"test", test_main, 0},
    {"times", builtin_times, BUILTIN_SPECIAL},
    {"trap", builtin_trap, BUILTIN_SPECIAL},
    {"true", builtin_true, 0},
    {"type", builtin_type, 0},
    {"ulimit", builtin_ulimit, 0},
    {"umask", builtin_umask, 0},
    {"unalias", builtin_unalias, 0},
    {"unset", builtin_unset, BUILTIN_SPECIAL},
    {"wait", builtin_wait, 0},
};

#define BUILTIN_COUNT (sizeof(builtins) / sizeof(builtins[0]))

const struct builtin *builtin_find(const char *name)
{
    size_t low = 0;
    size_t high = BUILTIN_COUNT;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, builtins[middle].name);

        if (order == 0) {
            return &builtins[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const struct builtin *builtin_at(size_t position)
{
    return position < BUILTIN_COUNT ? &builtins[position] : NULL;
}

int builtin_option(int argc, char **argv, const char *letters, int *index, int *position)
{
    const char *argument = *index < argc ? argv[*index] : NULL;
    char letter;

    if (!argument) {
        return 0;
    }
    if (*position == 0) {
        if (argument[0] != '-' || !argument[1]) {
            return 0;
        }
        if (strcmp(argument, "--") == 0) {
            (*index)++;
            return 0;
        }
        *position = 1;
    }
    letter = argument[(*position)++];
    if (!argument[*position]) {
        (*index)++;
        *position = 0;
    }
    if (!strchr(letters, letter)) {
        shell_error("%s: Illegal option -%c", argv[0], letter);
        return '?';
    }
    return letter;
}
