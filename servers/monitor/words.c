/* SPDX-License-Identifier: MIT */
#include "words.h"
#include <stdbool.h>

int words_split(char *line, char *words[WORDS_MAX])
{
    int count = 0;
    for (;;) {
        while (*line == ' ') {
            *line++ = 0;
        }
        if (*line == 0) {
            return count;
        }
        if (count == WORDS_MAX) {
            return -1;
        }
        words[count++] = line;
        bool is_quoted = false;
        while (*line != 0 && (is_quoted || *line != ' ')) {
            if (*line == '"') {
                is_quoted = !is_quoted;
            } else if (*line == '\\' && is_quoted && line[1] != 0) {
                line++;
            }
            line++;
        }
    }
}
