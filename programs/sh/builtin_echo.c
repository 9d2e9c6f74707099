/* SPDX-License-Identifier: MIT */
#include "builtins.h"

#include <stdio.h>
#include <string.h>

#include "escape.h"

/* echo [-n] TEXT...: with the backslash sequences of XSI, as the shell of POSIX systems has it. */
int builtin_echo(int argc, char **argv)
{
    bool newline = true;
    int index = 1;

    if (index < argc && strcmp(argv[index], "-n") == 0) {
        newline = false;
        index++;
    }
    for (; index < argc; index++) {
        if (!escape_print(argv[index], true)) {
            return 0;
        }
        if (index + 1 < argc) {
            putchar(' ');
        }
    }
    if (newline) {
        putchar('\n');
    }
    return 0;
}
