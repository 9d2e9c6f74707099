/* SPDX-License-Identifier: MIT */
/*
 * Where the text of commands comes from, character by character: a string, a file, or a person.
 *
 * On top of it lie the texts of aliases that are being read; an alias that lies there is not
 * expanded again. A person is asked line by line, with the prompt PS1 for the first line of a
 * command and PS2 for the others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

#define INPUT_END (-1)

struct alias_text;

struct input {
    /* fixed */
    int fd; /* -1: only the text */
    bool interactive;
    bool shared; /* standard input, which the commands read on from behind the line */

    const char *text; /* what is not read yet: the string, or the current line */
    size_t length;
    struct buffer line;  /* the current line, if there is a file */
    struct buffer ahead; /* read from the file, behind the current line */
    size_t ahead_used;
    bool ended;
    unsigned line_number;
    bool first_line; /* the next line is the first of a command */
    struct alias_text *aliases;
    bool alias_blank; /* the alias that ended last ended with a blank */
};

void input_from_text(struct input *input, const char *text);
void input_from_fd(struct input *input, int fd);
void input_fini(struct input *input);

/* The next character, or INPUT_END. Zero bytes are passed over. */
int input_get(struct input *input);
/* The one that input_get() returns next. */
int input_peek(struct input *input);

void input_push_alias(struct input *input, const char *name, const char *text);
bool input_in_alias(const struct input *input, const char *name);
/* Passes over pairs of backslash and newline that come next: the line goes on in the next one. */
void input_join_lines(struct input *input);
/* Forgets the rest of the line, after an error. */
void input_discard_line(struct input *input);
