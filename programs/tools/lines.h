/* SPDX-License-Identifier: MIT */
/* Lines of a file as they are, zero bytes too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct line {
    char *text; /* with a zero behind it; the newline is not in it */
    size_t length;
    size_t room;
    bool newline; /* it had one */
};

/* False at the end. */
bool line_read(struct line *line, FILE *file, char delimiter);
void line_write(const struct line *line, char delimiter);
void line_fini(struct line *line);
