/* SPDX-License-Identifier: MIT */
/*
 * The state of the shell that everybody asks for, and how a command ends otherwise than by going on
 * to the next one.
 *
 * Nothing jumps. What stops the commands around it (break, return, exit, an error in an expansion)
 * sets `flow`; every loop over commands looks at it after each one and hands it on.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum flow {
    FLOW_NONE,
    FLOW_BREAK,    /* flow_count loops */
    FLOW_CONTINUE, /* of the loop that flow_count says */
    FLOW_RETURN,
    FLOW_EXIT,
    FLOW_ABORT, /* an error or ^C: back to the prompt, or the end of a shell that has none */
};

struct shell {
    const char *name; /* $0 */
    pid_t pid;        /* $$: also in subshells */
    bool subshell;
    unsigned line; /* of the command that is executed */

    /* options of set; letters in options.c */
    bool all_export;
    bool notify;
    bool no_clobber;
    bool exit_on_error;
    bool no_glob;
    bool ignore_eof;
    bool interactive;
    bool job_control;
    bool no_execute;
    bool read_stdin;
    bool no_unset;
    bool verbose;
    bool trace;
    bool pipe_fail;
    bool login;

    int status; /* $? */
    enum flow flow;
    unsigned flow_count;
    unsigned loop_depth;
    unsigned function_depth;
    unsigned dot_depth;
    /* in a condition, where -e does not count */
    unsigned condition_depth;
    /* status of the last command substitution of a command without a name */
    int substitution_status;
    bool substituted;
};

extern struct shell shell;

/* "NAME: LINE: message" on standard error. */
void shell_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and the command that is executed ends with FLOW_ABORT and this status. */
void shell_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether ^C came; sets FLOW_ABORT then. */
bool shell_interrupted(void);

/* Reads and executes all commands of a text; returns the status of the last one. */
int shell_run_text(const char *text);
/* The same for a file that is open. */
int shell_run_fd(int fd);
/* Ends the shell: EXIT trap, terminal. */
_Noreturn void shell_exit(int status);
