/* SPDX-License-Identifier: MIT */
#include "builtins.h"

#include <string.h>

#include "printf.h"
#include "shell.h"
#include "test.h"

static const struct builtin builtins[] = {
    {".", builtin_dot, BUILTIN_SPECIAL, "execute the commands of a file here"},
    {":", builtin_true, BUILTIN_SPECIAL, "do nothing"},
    {"[", test_main, 0, "test an expression"},
    {"alias", builtin_alias, 0, "name a piece of a command line"},
    {"bg", builtin_background, 0, "let a stopped job go on behind"},
    {"break", builtin_break, BUILTIN_SPECIAL, "leave loops"},
    {"cd", builtin_cd, 0, "go to a directory"},
    {"command", builtin_command, 0, "run a command, never a function; -v tells what it is"},
    {"continue", builtin_break, BUILTIN_SPECIAL, "go on with the next turn of a loop"},
    {"echo", builtin_echo, 0, "print words"},
    {"eval", builtin_eval, BUILTIN_SPECIAL, "execute words as a command"},
    {"exec", builtin_exec, BUILTIN_SPECIAL, "become a program, or redirect from here on"},
    {"exit", builtin_exit, BUILTIN_SPECIAL, "end the shell"},
    {"export", builtin_export, BUILTIN_SPECIAL | BUILTIN_DECLARES, "give variables to programs"},
    {"false", builtin_false, 0, "fail"},
    {"fg", builtin_foreground, 0, "bring a job to the front"},
    {"getopts", builtin_getopts, 0, "read options of a script"},
    {"hash", builtin_hash, 0, "tell which programs were found where"},
    {"help", builtin_help, 0, "this list"},
    {"history", builtin_history, 0, "list the lines entered before"},
    {"jobs", builtin_jobs, 0, "list jobs"},
    {"kill", builtin_kill, BUILTIN_IS_TOOL, "send a signal to processes or jobs"},
    {"local", builtin_local, BUILTIN_DECLARES, "variables of a function"},
    {"printf", printf_main, BUILTIN_IS_TOOL, "print by a format"},
    {"pwd", builtin_pwd, 0, "print the working directory"},
    {"read", builtin_read, 0, "read a line into variables"},
    {"readonly", builtin_export, BUILTIN_SPECIAL | BUILTIN_DECLARES,
     "variables that do not change"},
    {"return", builtin_return, BUILTIN_SPECIAL, "leave a function or file"},
    {"set", builtin_set, BUILTIN_SPECIAL, "set options and positional parameters"},
    {"shift", builtin_shift, BUILTIN_SPECIAL, "drop positional parameters"},
    {"test", test_main, 0, "test an expression"},
    {"times", builtin_times, BUILTIN_SPECIAL, "time used by the shell and its programs"},
    {"trap", builtin_trap, BUILTIN_SPECIAL, "commands for signals and the end"},
    {"true", builtin_true, 0, "succeed"},
    {"type", builtin_type, 0, "tell what a name is"},
    {"ulimit", builtin_ulimit, 0, "limits of resources"},
    {"umask", builtin_umask, 0, "permissions that new files lack"},
    {"unalias", builtin_unalias, 0, "forget aliases"},
    {"unset", builtin_unset, BUILTIN_SPECIAL, "forget variables or functions"},
    {"wait", builtin_wait, 0, "wait for jobs"},
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
