/* SPDX-License-Identifier: MIT */
/* Builtins about variables, parameters and options. */
#include "builtins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alias.h"
#include "function.h"
#include "memory.h"
#include "options.h"
#include "shell.h"
#include "variable.h"

static void print_all(unsigned flags, const char *prefix)
{
    struct variable **list = variable_list();

    for (struct variable **entry = list; *entry; entry++) {
        if (flags && !((*entry)->flags & flags)) {
            continue;
        }
        if (!flags && !(*entry)->value) {
            continue;
        }
        printf("%s%s", prefix, (*entry)->name);
        if ((*entry)->value) {
            putchar('=');
            text_print_quoted((*entry)->value);
        }
        putchar('\n');
    }
    free(list);
}

/* NAME or NAME=VALUE: calls `prepare` with the name, then assigns. */
static int declare(const char *argument, bool (*prepare)(const char *name), unsigned flags)
{
    size_t length = strcspn(argument, "=");
    char *name;
    bool done;

    if (!name_is_valid(argument, length)) {
        shell_fail(2, "%.*s: bad variable name", (int)length, argument);
        return 2;
    }
    name = text_copy_bytes(argument, length);
    done = (!prepare || prepare(name)) && (!argument[length] || variable_assign(argument));
    if (done && flags) {
        variable_flag(name, flags);
    }
    free(name);
    return done ? 0 : 2;
}

int builtin_export(int argc, char **argv)
{
    bool readonly = argv[0][0] == 'r';
    unsigned flag = readonly ? VARIABLE_READONLY : VARIABLE_EXPORT;
    int index = 1;
    int status = 0;

    if (argc == 1 || (argc == 2 && strcmp(argv[1], "-p") == 0)) {
        print_all(flag, readonly ? "readonly " : "export ");
        return 0;
    }
    index += strcmp(argv[1], "--") == 0 || strcmp(argv[1], "-p") == 0;
    for (; index < argc && shell.flow == FLOW_NONE; index++) {
        status = declare(argv[index], NULL, flag);
    }
    return status;
}

int builtin_local(int argc, char **argv)
{
    int status = 0;

    if (!shell.function_depth) {
        shell_fail(2, "local: not in a function");
        return 2;
    }
    for (int index = 1; index < argc && shell.flow == FLOW_NONE; index++) {
        if (strcmp(argv[index], "-") != 0) {
            status = declare(argv[index], scope_save, 0);
        }
    }
    return status;
}

int builtin_unset(int argc, char **argv)
{
    int index = 1;
    int position = 0;
    bool functions = false;
    int letter;

    while ((letter = builtin_option(argc, argv, "fv", &index, &position))) {
        if (letter == '?') {
            return 2;
        }
        functions = letter == 'f';
    }
    for (; index < argc && shell.flow == FLOW_NONE; index++) {
        if (functions) {
            (void)function_remove(argv[index]);
        } else if (!name_is_valid(argv[index], strlen(argv[index]))) {
            shell_fail(2, "unset: %s: bad variable name", argv[index]);
            return 2;
        } else if (!variable_unset(argv[index])) {
            return 2;
        }
    }
    return 0;
}

int builtin_shift(int argc, char **argv)
{
    size_t count = 1;

    if (argc > 1) {
        char *end;
        long number = strtol(argv[1], &end, 10);

        if (!*argv[1] || *end || number < 0) {
            shell_fail(2, "shift: Illegal number: %s", argv[1]);
            return 2;
        }
        count = (size_t)number;
    }
    if (count > positional.count) {
        shell_fail(2, "shift: can't shift that many");
        return 2;
    }
    if (count) {
        positional_shift(count);
    }
    return 0;
}

/* --- set --- */

/* One argument of options. False, reported, for a bad one. `*index` goes on if it takes a name. */
static bool set_options(int argc, char **argv, int *index)
{
    bool on = argv[*index][0] == '-';

    for (const char *letter = argv[*index] + 1; *letter; letter++) {
        if (*letter == 'o' && *index + 1 < argc) {
            (*index)++;
            if (!options_set_name(argv[*index], on)) {
                shell_fail(2, "set: Illegal option %co %s", on ? '-' : '+', argv[*index]);
                return false;
            }
            return true;
        }
        if (*letter == 'o') {
            options_print(!on);
        } else if (!options_set_letter(*letter, on)) {
            shell_fail(2, "set: Illegal option %c%c", on ? '-' : '+', *letter);
            return false;
        }
    }
    return true;
}

int builtin_set(int argc, char **argv)
{
    int index = 1;
    bool parameters = false;

    if (argc == 1) {
        print_all(0, "");
        return 0;
    }
    for (; index < argc; index++) {
        const char *argument = argv[index];

        if (strcmp(argument, "--") == 0) {
            index++;
            parameters = true;
            break;
        }
        if ((argument[0] != '-' && argument[0] != '+') || !argument[1]) {
            parameters = true;
            break;
        }
        if (!set_options(argc, argv, &index)) {
            return 2;
        }
    }
    if (parameters) {
        positional_set(argv + index, (size_t)(argc - index));
    }
    return 0;
}

/* --- getopts --- */

/* Where in an argument the next letter is; OPTIND says which argument. */
static size_t getopts_position;
static long getopts_index;

static void finish_getopts(long index, const char *name, const char *value, const char *argument)
{
    getopts_index = index;
    (void)variable_set_number("OPTIND", index);
    (void)variable_set(name, value);
    if (argument) {
        (void)variable_set("OPTARG", argument);
    } else {
        (void)variable_unset("OPTARG");
    }
}

static int getopts_end(long index, const char *name)
{
    getopts_position = 0;
    finish_getopts(index, name, "?", NULL);
    return 1;
}

static int getopts_bad(long index, const char *name, char letter, bool quiet, bool missing)
{
    char text[2] = {letter, 0};

    if (!quiet) {
        (void)fprintf(stderr, missing ? "No arg for -%c option\n" : "Illegal option -%c\n", letter);
    }
    finish_getopts(index, name, quiet && missing ? ":" : "?", quiet ? text : NULL);
    return 0;
}

static int getopts(const char *letters, const char *name, char **values, size_t count)
{
    const char *optind = variable_get("OPTIND");
    long index = optind ? atol(optind) : 1;
    bool quiet = letters[0] == ':';
    const char *argument;
    const char *known;
    char text[2] = {0};

    if (index < 1 || index != getopts_index) {
        getopts_position = 0;
        index = index < 1 ? 1 : index;
    }
    argument = (size_t)index <= count ? values[index - 1] : NULL;
    if (argument && getopts_position >= strlen(argument)) {
        getopts_position = 0;
    }
    if (getopts_position == 0) {
        if (!argument || argument[0] != '-' || !argument[1]) {
            return getopts_end(index, name);
        }
        if (strcmp(argument, "--") == 0) {
            return getopts_end(index + 1, name);
        }
        getopts_position = 1;
    }
    text[0] = argument[getopts_position++];
    known = text[0] == ':' ? NULL : strchr(letters, text[0]);
    if (!argument[getopts_position]) {
        getopts_position = 0;
        index++;
    }
    if (!known) {
        return getopts_bad(index, name, text[0], quiet, false);
    }
    if (known[1] != ':') {
        finish_getopts(index, name, text, NULL);
        return 0;
    }
    if (getopts_position == 0 && (size_t)index > count) {
        return getopts_bad(index, name, text[0], quiet, true);
    }
    argument = getopts_position ? argument + getopts_position : values[index - 1];
    getopts_position = 0;
    finish_getopts(index + 1, name, text, argument);
    return 0;
}

int builtin_getopts(int argc, char **argv)
{
    if (argc < 3) {
        shell_fail(2, "Usage: getopts optstring var [arg...]");
        return 2;
    }
    if (!name_is_valid(argv[2], strlen(argv[2]))) {
        shell_fail(2, "getopts: %s: bad variable name", argv[2]);
        return 2;
    }
    if (argc > 3) {
        return getopts(argv[1], argv[2], argv + 3, (size_t)argc - 3);
    }
    return getopts(argv[1], argv[2], positional.values, positional.count);
}

/* --- aliases --- */

static void print_alias(const char *name, const char *text)
{
    printf("%s=", name);
    text_print_quoted(text);
    putchar('\n');
}

int builtin_alias(int argc, char **argv)
{
    int status = 0;

    if (argc == 1) {
        alias_each(print_alias);
    }
    for (int index = 1; index < argc; index++) {
        char *equals = strchr(argv[index], '=');

        if (equals && equals > argv[index]) {
            *equals = 0;
            alias_set(argv[index], equals + 1);
        } else if (alias_lookup(argv[index])) {
            print_alias(argv[index], alias_lookup(argv[index]));
        } else {
            shell_error("alias: %s not found", argv[index]);
            status = 1;
        }
    }
    return status;
}

int builtin_unalias(int argc, char **argv)
{
    int status = 0;

    for (int index = 1; index < argc; index++) {
        if (strcmp(argv[index], "-a") == 0) {
            alias_remove_all();
        } else if (!alias_remove(argv[index])) {
            shell_error("unalias: %s not found", argv[index]);
            status = 1;
        }
    }
    return status;
}
