/* SPDX-License-Identifier: MIT */
#include "echo.h"

#include <stdio.h>

#include "escape.h"

void echo_print(char **words, bool escapes, bool newline)
{
    for (; *words; words++) {
        if (!escapes) {
            (void)fputs(*words, stdout);
        } else if (!escape_print(*words, true)) {
            return;
        }
        if (words[1]) {
            putchar(' ');
        }
    }
    if (newline) {
        putchar('\n');
    }
}
