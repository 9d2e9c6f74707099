/* SPDX-License-Identifier: MIT */
/* Functions of the shell: a name and a node, whose tree they keep. */
#pragma once

#include <stdbool.h>

#include "tree.h"

/* NULL if there is none. */
const struct node *function_lookup(const char *name);
void function_define(const struct node *node);
bool function_remove(const char *name);
/* Runs it with these parameters; argv[0] is its name. Returns the status. */
int function_call(const struct node *function, int argc, char **argv);
/* The name of the first one at or behind this position, for completion; NULL at the end. */
const char *function_name(size_t position);
