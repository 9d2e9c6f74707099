/* SPDX-License-Identifier: MIT */
/*
 * getty TERMINAL PROGRAM [ARGUMENT]...: makes a terminal the controlling one of a new session, and
 * its files 0, 1 and 2, and becomes the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char usage[] =
    "usage: getty TERMINAL PROGRAM [ARGUMENT]...\n"
    "\n"
    "Makes TERMINAL the controlling terminal of a new session and standard input, output and\n"
    "error of it, and becomes PROGRAM. TERM is set to xterm-256color if it is not set.\n";

static int fail(const char *what)
{
    fprintf(stderr, "getty: %s: %s\n", what, strerror(errno));
    return 1;
}

static int terminal_take(const char *path)
{
    (void)setsid();                    /* it fails if we lead a session already */
    int terminal = open(path, O_RDWR); /* where opening it makes it ours, the next is not needed */
    if (terminal < 0 || (ioctl(terminal, TIOCSCTTY, 0) < 0 && tcgetpgrp(terminal) < 0)) {
        return -1;
    }
    for (int file = 0; file <= 2; file++) {
        if (dup2(terminal, file) < 0) {
            return -1;
        }
    }
    if (terminal > 2) {
        (void)close(terminal);
    }
    return 0;
}

int main(int argument_count, char **arguments)
{
    if (argument_count == 2 && strcmp(arguments[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argument_count < 3) {
        fputs(usage, stderr);
        return 2;
    }
    if (terminal_take(arguments[1]) < 0) {
        return fail(arguments[1]);
    }
    const char *home = getenv("HOME");
    if (home != NULL && chdir(home) < 0) {
        (void)fail(home); /* then in the root directory */
    }
    (void)setenv("TERM", "xterm-256color", 0);
    (void)execvp(arguments[2], arguments + 2);
    return fail(arguments[2]);
}
