/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "prompt.h"
#include "shell.h"

struct alias_text {
    struct alias_text *below;
    char *name;
    char *text;
    size_t position;
};

void input_from_text(struct input *input, const char *text)
{
    *input = (struct input){.fd = -1, .text = text, .length = strlen(text), .line_number = 1};
}

void input_from_fd(struct input *input, int fd)
{
    *input = (struct input){.fd = fd, .first_line = true};
}

static void pop_alias(struct input *input)
{
    struct alias_text *alias = input->aliases;
    size_t length = strlen(alias->text);

    input->alias_blank = length && strchr(" \t", alias->text[length - 1]);
    input->aliases = alias->below;
    free(alias->name);
    free(alias->text);
    free(alias);
}

void input_fini(struct input *input)
{
    while (input->aliases) {
        pop_alias(input);
    }
    buffer_fini(&input->line);
    buffer_fini(&input->ahead);
}

/* Fills `ahead`. Commands read on from behind the line in a shared file, so a shell that read more
 * gives it back, or reads byte by byte where there is no way back (a pipe). */
static bool read_ahead(struct input *input)
{
    char bytes[4096];
    bool seekable = !input->shared || lseek(input->fd, 0, SEEK_CUR) >= 0;
    ssize_t got;

    do {
        got = read(input->fd, bytes, seekable ? sizeof(bytes) : 1);
    } while (got < 0 && errno == EINTR && !shell_interrupted());
    if (got < 0) {
        shell_error("read error: %s", strerror(errno));
    }
    if (got <= 0) {
        return false;
    }
    input->ahead.length = 0;
    input->ahead_used = 0;
    buffer_append(&input->ahead, bytes, (size_t)got);
    return true;
}

static void read_line(struct input *input)
{
    const char *newline;

    input->line.length = 0;
    do {
        const char *start;
        size_t rest;

        if (input->ahead_used == input->ahead.length && !read_ahead(input)) {
            break;
        }
        start = input->ahead.bytes + input->ahead_used;
        rest = input->ahead.length - input->ahead_used;
        newline = memchr(start, '\n', rest);
        rest = newline ? (size_t)(newline + 1 - start) : rest;
        buffer_append(&input->line, start, rest);
        input->ahead_used += rest;
    } while (!newline);
    if (input->shared && input->ahead_used < input->ahead.length) {
        (void)lseek(input->fd, -(off_t)(input->ahead.length - input->ahead_used), SEEK_CUR);
        input->ahead_used = input->ahead.length;
    }
}

/* The next line becomes the text. False at the end. */
static bool next_line(struct input *input)
{
    if (input->fd < 0 || input->ended) {
        input->ended = true;
        return false;
    }
    if (input->interactive) {
        prompt_read_line(&input->line, input->first_line);
    } else {
        read_line(input);
    }
    input->first_line = false;
    input->text = buffer_text(&input->line);
    input->length = input->line.length;
    input->line_number++;
    /* A person may go on after an end: the caller decides. */
    input->ended = input->length == 0;
    if (shell.verbose && input->length) {
        (void)!write(2, input->text, input->length);
    }
    return input->length > 0;
}

/* An alias is taken off only when a character behind it is taken: until then its own last word
 * is still seen as a part of it. */
int input_peek(struct input *input)
{
    for (const struct alias_text *alias = input->aliases; alias; alias = alias->below) {
        if (alias->text[alias->position]) {
            return (unsigned char)alias->text[alias->position];
        }
    }
    for (;;) {
        if (input->length == 0 && !next_line(input)) {
            return INPUT_END;
        }
        if (*input->text) {
            return (unsigned char)*input->text;
        }
        input->text++;
        input->length--;
    }
}

int input_get(struct input *input)
{
    int byte = input_peek(input);

    if (byte == INPUT_END) {
        return byte;
    }
    while (input->aliases && !input->aliases->text[input->aliases->position]) {
        pop_alias(input);
    }
    if (input->aliases) {
        input->aliases->position++;
        return byte;
    }
    input->text++;
    input->length--;
    if (byte == '\n' && input->fd < 0) {
        input->line_number++;
    }
    return byte;
}

void input_push_alias(struct input *input, const char *name, const char *text)
{
    struct alias_text *alias = memory_get(sizeof(*alias));

    *alias = (struct alias_text){
        .below = input->aliases, .name = text_copy(name), .text = text_copy(text)};
    input->aliases = alias;
}

bool input_in_alias(const struct input *input, const char *name)
{
    for (const struct alias_text *alias = input->aliases; alias; alias = alias->below) {
        if (strcmp(alias->name, name) == 0) {
            return true;
        }
    }
    return false;
}

void input_join_lines(struct input *input)
{
    while (input_peek(input) == '\\' && !input->aliases && input->length > 1 &&
           input->text[1] == '\n') {
        (void)input_get(input);
        (void)input_get(input);
    }
}

void input_discard_line(struct input *input)
{
    while (input->aliases) {
        pop_alias(input);
    }
    input->length = 0;
}
