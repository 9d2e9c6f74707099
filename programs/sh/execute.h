/* SPDX-License-Identifier: MIT */
/* Executes trees. What a command leaves is shell.status; what it stops is shell.flow. */
#pragma once

#include "buffer.h"
#include "fields.h"
#include "tree.h"

enum {
    EXECUTE_LAST = 1, /* nothing comes after it: the process may become the program */
};

/* Returns the status, which is in shell.status too. */
int execute_node(const struct node *node, unsigned how);
/* $( ): what the command writes, without newlines at the end. */
void execute_substitution(const struct node *node, struct buffer *output);
/* Ends a child that was made by job_fork() after it has executed its command. */
_Noreturn void execute_end_child(void);

/* --- simple.c --- */

int execute_simple(const struct node *node, unsigned how);
/* Runs a builtin or a program, never a function. `path_list` is instead of PATH if not NULL. */
int execute_command(int argc, char **argv, const char *path_list);
/* The process becomes this program. Reports why it cannot and ends with 126 or 127. */
_Noreturn void execute_program(int argc, char **argv);
