/* SPDX-License-Identifier: MIT */
/*
 * The lines that were entered, oldest first. They are kept in the file that HISTFILE names, or
 * ~/.sh_history: one line each, appended as they come, so that two shells do not overwrite each
 * other's. A file that has grown too long is cut when a shell begins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void history_load(void);
/* Not for empty lines, those that begin with a blank, and a repetition of the last one. */
void history_add(const char *line);
size_t history_count(void);
const char *history_at(size_t index);
/* The newest line before `index` that has the text in it; history_count() if there is none. */
size_t history_find(const char *text, size_t index);
