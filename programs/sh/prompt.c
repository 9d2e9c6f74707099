/* SPDX-License-Identifier: MIT */
#include "prompt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "editor.h"
#include "expand.h"
#include "history.h"
#include "jobs.h"
#include "lexer.h"
#include "shell.h"
#include "variable.h"

/* A prompt is expanded as if in double quotes. */
static char *expand_prompt(const char *text)
{
    struct input input;
    struct tree *tree = tree_create();
    struct lexer lexer;
    char *result = NULL;
    int status = shell.status;
    const struct part *parts;

    input_from_text(&input, "");
    lexer_init(&lexer, &input, tree);
    parts = lexer_here_parts(&lexer, text);
    if (!lexer.failed) {
        result = expand_text(parts, 0);
        if (shell.flow == FLOW_ABORT) {
            shell.flow = FLOW_NONE;
        }
    }
    shell.status = status;
    lexer_fini(&lexer);
    input_fini(&input);
    tree_unref(tree);
    return result ? result : text_copy(text);
}

/* Without a terminal that can be edited on: what comes, byte by byte. */
static void read_plain(const char *prompt, struct buffer *line)
{
    char byte;

    (void)!write(2, prompt, strlen(prompt));
    for (;;) {
        ssize_t got = read(0, &byte, 1);

        if (got < 0 && errno == EINTR) {
            if (shell_interrupted()) {
                (void)!write(2, "\n", 1);
                line->length = 0;
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

void prompt_read_line(struct buffer *line, bool first)
{
    const char *text = variable_get(first ? "PS1" : "PS2");
    char *prompt = expand_prompt(text ? text : "");

    if (first) {
        jobs_notify();
    }
    (void)fflush(stdout);
    line->length = 0;
    switch (editor_read_line(prompt, line)) {
    case EDITOR_LINE:
        history_add(buffer_text(line));
        buffer_add(line, '\n');
        break;
    case EDITOR_END:
        break;
    case EDITOR_INTERRUPTED:
        /* A command that was begun is given up: for the parser the input ends here. */
        shell.status = 130;
        shell.flow = FLOW_ABORT;
        break;
    case EDITOR_NO_TERMINAL:
        read_plain(prompt, line);
        break;
    }
    free(prompt);
}
