/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "builtins.h"
#include "memory.h"
#include "variable.h"

#define LINES_MAX 1000

static struct {
    char *lines[LINES_MAX];
    size_t count;
} history;

static void append(const char *line, size_t length)
{
    if (history.count == LINES_MAX) {
        free(history.lines[0]);
        memmove(history.lines, history.lines + 1, (LINES_MAX - 1) * sizeof(char *));
        history.count--;
    }
    history.lines[history.count++] = text_copy_bytes(line, length);
}

/* The path, which the caller frees, or NULL if there is nowhere to keep it. */
static char *file_path(void)
{
    const char *file = variable_get("HISTFILE");
    const char *home = variable_get("HOME");
    struct buffer path = {0};

    if (file) {
        return *file ? text_copy(file) : NULL;
    }
    if (!home || !*home) {
        return NULL;
    }
    buffer_append_text(&path, home);
    buffer_append_text(&path, "/.sh_history");
    return buffer_take(&path);
}

static void rewrite(const char *path)
{
    FILE *file = fopen(path, "we");

    if (!file) {
        return;
    }
    for (size_t index = 0; index < history.count; index++) {
        (void)fprintf(file, "%s\n", history.lines[index]);
    }
    (void)fclose(file);
}

void history_load(void)
{
    char *path = file_path();
    FILE *file = path ? fopen(path, "re") : NULL;
    char *line = NULL;
    size_t room = 0;
    size_t lines = 0;
    ssize_t length;

    while (file && (length = getline(&line, &room, file)) > 0) {
        length -= line[length - 1] == '\n';
        append(line, (size_t)length);
        lines++;
    }
    if (file) {
        (void)fclose(file);
    }
    if (lines > 2 * LINES_MAX) {
        rewrite(path);
    }
    free(line);
    free(path);
}

void history_add(const char *line)
{
    size_t length = strlen(line);
    char *path;
    int fd;

    if (!*line || *line == ' ' || strchr(line, '\n') ||
        (history.count && strcmp(history.lines[history.count - 1], line) == 0)) {
        return;
    }
    append(line, length);
    path = file_path();
    fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        struct buffer text = {0};

        buffer_append(&text, line, length);
        buffer_add(&text, '\n');
        (void)!write(fd, text.bytes, text.length);
        (void)close(fd);
        buffer_fini(&text);
    }
    free(path);
}

size_t history_count(void)
{
    return history.count;
}

const char *history_at(size_t index)
{
    return history.lines[index];
}

size_t history_find(const char *text, size_t index)
{
    while (index > 0) {
        if (strstr(history.lines[--index], text)) {
            return index;
        }
    }
    return history.count;
}

int builtin_history(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : history.count;
    size_t first = count < history.count ? history.count - count : 0;

    for (size_t index = first; index < history.count; index++) {
        printf("%5zu  %s\n", index + 1, history.lines[index]);
    }
    return 0;
}
