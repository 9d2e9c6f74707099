/* SPDX-License-Identifier: MIT */
/* The kernel's command line: words such as "bench" or "log=debug", separated by spaces. */
#pragma once

#include <stdbool.h>

/* Whether it has that word, all of it. */
bool command_line_has(const char *line, const char *word);
