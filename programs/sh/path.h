/* SPDX-License-Identifier: MIT */
/* Where programs are: the search through PATH, and what it found before. */
#pragma once

#include <stdbool.h>

enum path_result {
    PATH_FOUND = 0,
    PATH_DENIED = 126,
    PATH_MISSING = 127,
};

/* The file of a program. The text is valid until the next call. */
enum path_result path_find(const char *name, const char **ret_path);
/* The same in a given list of directories, nothing is remembered. The caller frees the text. */
enum path_result path_search(const char *name, const char *directories, bool executable,
                             char **ret_path);
/* Forgets what was found: PATH has changed, or a file is gone. */
void path_forget(void);
/* Calls `visit` for each program that is remembered. */
void path_each(void (*visit)(const char *path));
