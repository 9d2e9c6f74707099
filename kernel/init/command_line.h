/* SPDX-License-Identifier: MIT */
/* The kernel's command line: words "key" or "key=value", separated by spaces. */
#pragma once

#include <stdbool.h>

/* Whether a word says key=value, or just key if `value` is NULL. */
bool command_line_has(const char *line, const char *key, const char *value);
