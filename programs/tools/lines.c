/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <stdlib.h>

#include "tool.h"

bool line_read(struct line *line, FILE *file, char delimiter)
{
    ssize_t length = getdelim(&line->text, &line->room, delimiter, file);

    if (length <= 0) {
        return false;
    }
    line->length = (size_t)length;
    line->newline = line->text[length - 1] == delimiter;
    if (line->newline) {
        line->text[--line->length] = 0;
    }
    return true;
}

void line_write(const struct line *line, char delimiter)
{
    (void)fwrite(line->text, 1, line->length, stdout);
    putchar(delimiter);
}

void line_fini(struct line *line)
{
    free(line->text);
    *line = (struct line){0};
}
