/* SPDX-License-Identifier: MIT */
#include "builtins.h"

#include <string.h>

#include "echo.h"

/* echo [-n] TEXT...: with the backslash sequences of XSI, as the shell of POSIX systems has it. */
int builtin_echo(int argc, char **argv)
{
    bool newline = argc < 2 || strcmp(argv[1], "-n") != 0;

    echo_print(argv + (newline ? 1 : 2), true, newline);
    return 0;
}
