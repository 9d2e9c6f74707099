/* SPDX-License-Identifier: MIT */
/* Asks a person for a line of commands. */
#pragma once

#include <stdbool.h>

#include "buffer.h"

/* The next line with its newline, nothing at the end of the input. Tells about jobs before the
 * first line of a command. */
void prompt_read_line(struct buffer *line, bool first);
