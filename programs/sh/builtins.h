/* SPDX-License-Identifier: MIT */
/*
 * Commands that are part of the shell. Each is like a main(): it prints to stdout, reports with
 * shell_error() and returns its status. An error in a special one ends a shell without a prompt.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
    BUILTIN_SPECIAL = 1,
    BUILTIN_DECLARES = 2, /* its arguments may be assignments, which are not split */
    BUILTIN_IS_TOOL = 4,  /* the tool of that name tells how it is used */
};

struct builtin {
    const char *name;
    int (*run)(int argc, char **argv);
    unsigned flags;
    const char *summary;
};

/* NULL if there is none. */
const struct builtin *builtin_find(const char *name);
/* By position, NULL behind the last one. */
const struct builtin *builtin_at(size_t position);

int builtin_alias(int argc, char **argv);
int builtin_background(int argc, char **argv);
int builtin_break(int argc, char **argv);
int builtin_cd(int argc, char **argv);
int builtin_command(int argc, char **argv);
int builtin_dot(int argc, char **argv);
int builtin_echo(int argc, char **argv);
int builtin_eval(int argc, char **argv);
int builtin_exec(int argc, char **argv);
int builtin_exit(int argc, char **argv);
int builtin_export(int argc, char **argv);
int builtin_false(int argc, char **argv);
int builtin_foreground(int argc, char **argv);
int builtin_getopts(int argc, char **argv);
int builtin_hash(int argc, char **argv);
int builtin_help(int argc, char **argv);
int builtin_history(int argc, char **argv);
int builtin_jobs(int argc, char **argv);
int builtin_kill(int argc, char **argv);
int builtin_local(int argc, char **argv);
int builtin_pwd(int argc, char **argv);
int builtin_read(int argc, char **argv);
int builtin_return(int argc, char **argv);
int builtin_set(int argc, char **argv);
int builtin_shift(int argc, char **argv);
int builtin_times(int argc, char **argv);
int builtin_trap(int argc, char **argv);
int builtin_true(int argc, char **argv);
int builtin_type(int argc, char **argv);
int builtin_ulimit(int argc, char **argv);
int builtin_umask(int argc, char **argv);
int builtin_unalias(int argc, char **argv);
int builtin_unset(int argc, char **argv);
int builtin_wait(int argc, char **argv);

/* Options of builtins: the letters of argv[*index] ..., one by one, 0 behind the last. Stops behind
 * "--". '?', reported, for one that is not in `letters`. Starts with *index 1, *position 0. */
int builtin_option(int argc, char **argv, const char *letters, int *index, int *position);
