/* SPDX-License-Identifier: MIT */
#include "init/command_line.h"
#include "lib/string.h"

bool command_line_has(const char *line, const char *word)
{
    while (*line != 0) {
        size_t length = 0;
        while (line[length] != 0 && line[length] != ' ') {
            length++;
        }
        if (length == strlen(word) && memcmp(line, word, length) == 0) {
            return true;
        }
        line += length;
        while (*line == ' ') {
            line++;
        }
    }
    return false;
}
