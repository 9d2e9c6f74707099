/* SPDX-License-Identifier: MIT */
#include "builtins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fields.h"
#include "memory.h"
#include "shell.h"
#include "trap.h"
#include "variable.h"

/* One byte, so that what is behind the line stays for others. 0 at the end, -1 after a signal. */
static int read_byte(char *ret_byte)
{
    for (;;) {
        ssize_t got = read(0, ret_byte, 1);

        if (got >= 0) {
            return (int)got;
        }
        if (errno != EINTR) {
            return 0;
        }
        if (shell_interrupted() || trap_pending_signal()) {
            return -1;
        }
    }
}

/* The line with a mark for each byte; backslashes guard unless `raw`. True if it has a newline. */
static bool read_line(struct marked *line, bool raw)
{
    bool guarded = false;
    char byte;

    while (read_byte(&byte) > 0) {
        if (guarded) {
            guarded = false;
            if (byte != '\n') {
                marked_add(line, byte, MARK_QUOTED);
            }
        } else if (byte == '\\' && !raw) {
            guarded = true;
        } else if (byte == '\n') {
            return true;
        } else if (byte) {
            marked_add(line, byte, MARK_SPLIT);
        }
    }
    return false;
}

/* Cuts the line for the variables: the last one gets the rest. */
struct cutter {
    const struct marked *line;
    size_t position;
    const char *separators;
};

static bool at_separator(const struct cutter *cutter, bool blank)
{
    char byte;

    if (cutter->position >= cutter->line->bytes.length ||
        cutter->line->marks.bytes[cutter->position] == MARK_QUOTED) {
        return false;
    }
    byte = cutter->line->bytes.bytes[cutter->position];
    return strchr(cutter->separators, byte) && (!blank || strchr(" \t\n", byte));
}

static void skip_blanks(struct cutter *cutter)
{
    while (at_separator(cutter, true)) {
        cutter->position++;
    }
}

static char *cut_field(struct cutter *cutter)
{
    struct buffer field = {0};

    while (cutter->position < cutter->line->bytes.length && !at_separator(cutter, false)) {
        buffer_add(&field, cutter->line->bytes.bytes[cutter->position++]);
    }
    skip_blanks(cutter);
    if (at_separator(cutter, false)) {
        cutter->position++;
        skip_blanks(cutter);
    }
    return buffer_take(&field);
}

/* The rest without blanks at its end; if it is one field, also without the separator behind it. */
static char *cut_rest(struct cutter *cutter)
{
    struct cutter probe = *cutter;
    char *field = cut_field(&probe);
    size_t end = cutter->line->bytes.length;
    struct buffer rest = {0};

    if (probe.position >= end) {
        return field;
    }
    free(field);
    while (end > cutter->position) {
        struct cutter last = *cutter;

        last.position = end - 1;
        if (!at_separator(&last, true)) {
            break;
        }
        end--;
    }
    buffer_append(&rest, cutter->line->bytes.bytes + cutter->position, end - cutter->position);
    return buffer_take(&rest);
}

static bool assign_fields(const struct marked *line, int count, char **names)
{
    const char *separators = variable_get("IFS");
    char *copy = text_copy(separators ? separators : " \t\n");
    struct cutter cutter = {.line = line, .separators = copy};
    bool done = true;

    skip_blanks(&cutter);
    for (int index = 0; index < count && done; index++) {
        char *value = index + 1 < count ? cut_field(&cutter) : cut_rest(&cutter);

        done = variable_set(names[index], value);
        free(value);
    }
    free(copy);
    return done;
}

int builtin_read(int argc, char **argv)
{
    int index = 1;
    int position = 0;
    bool raw = false;
    struct marked line = {0};
    bool whole;
    int letter;

    while ((letter = builtin_option(argc, argv, "rp", &index, &position))) {
        if (letter == '?') {
            return 2;
        }
        raw = raw || letter == 'r';
        if (letter == 'p' && index < argc) {
            if (isatty(0)) {
                (void)dprintf(2, "%s", argv[index] + position);
            }
            index++;
            position = 0;
        }
    }
    if (index >= argc) {
        shell_fail(2, "read: arg count");
        return 2;
    }
    for (int name = index; name < argc; name++) {
        if (!name_is_valid(argv[name], strlen(argv[name]))) {
            shell_fail(2, "read: %s: bad variable name", argv[name]);
            return 2;
        }
    }
    whole = read_line(&line, raw);
    if (trap_pending_signal()) {
        marked_fini(&line);
        return 128 + trap_pending_signal();
    }
    if (!assign_fields(&line, argc - index, argv + index)) {
        whole = false;
    }
    marked_fini(&line);
    return whole ? 0 : 1;
}
