/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "echo.h"
#include "tool.h"

static const char usage[] = "usage: echo [-neE] [TEXT...]\n\n"
                            "Prints the texts with a space between them and a newline behind.\n\n"
                            "  -n  no newline\n"
                            "  -e  backslash sequences mean something\n"
                            "  -E  they do not\n";

/* An argument is options only if all its letters are. */
static bool read_options(const char *text, bool *newline, bool *escapes)
{
    if (text[0] != '-' || !text[1] || strspn(text + 1, "neE") != strlen(text + 1)) {
        return false;
    }
    for (text++; *text; text++) {
        if (*text == 'n') {
            *newline = false;
        } else {
            *escapes = *text == 'e';
        }
    }
    return true;
}

static int echo(int argc, char **argv)
{
    bool newline = true;
    bool escapes = false;
    int index = 1;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, stdout);
        return 0;
    }
    while (index < argc && read_options(argv[index], &newline, &escapes)) {
        index++;
    }
    echo_print(argv + index, escapes, newline);
    return 0;
}

const struct tool tool_echo = {.name = "echo", .usage = usage, .run = echo, .any_arguments = true};
