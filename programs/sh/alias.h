/* SPDX-License-Identifier: MIT */
/* Aliases: names that stand for a piece of text where a command may begin. */
#pragma once

#include <stdbool.h>

/* NULL if there is none. */
const char *alias_lookup(const char *name);
void alias_set(const char *name, const char *text);
bool alias_remove(const char *name);
void alias_remove_all(void);
/* Calls `visit` for each, in the order of their names. */
void alias_each(void (*visit)(const char *name, const char *text));
