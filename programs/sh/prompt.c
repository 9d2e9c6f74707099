/* SPDX-License-Identifier: MIT */
#include "prompt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "expand.h"
#include "jobs.h"
#include "shell.h"
#include "variable.h"

void prompt_read_line(struct buffer *line, bool first)
{
    const char *prompt = variable_get(first ? "PS1" : "PS2");
    char byte;

    if (first) {
        jobs_notify();
    }
    (void)fflush(stdout);
    if (prompt) {
        (void)!write(2, prompt, strlen(prompt));
    }
    line->length = 0;
    for (;;) {
        ssize_t got = read(0, &byte, 1);

        if (got < 0 && errno == EINTR) {
            if (shell_interrupted()) {
                (void)!write(2, "\n", 1);
                line->length = 0;
                buffer_add(line, '\n');
                return;
            }
            continue;
        }
        if (got <= 0) {
            return;
        }
        buffer_add(line, byte);
        if (byte == '\n') {
            return;
        }
    }
}
