/* SPDX-License-Identifier: MIT */
#include "words.h"

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
        while (*line != ' ' && *line != 0) {
            line++;
        }
    }
}
