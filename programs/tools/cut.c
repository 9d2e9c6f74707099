/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "tool.h"

static const char usage[] =
    "usage: cut -b LIST | -c LIST | -f LIST [-s] [-d CHARACTER] [FILE...]\n\n"
    "Prints parts of each line: LIST is 2 or 2-5 or -3 or 4-, several with commas.\n\n"
    "  -b  bytes\n  -c  characters\n  -f  fields\n  -d  what is between fields (a tab)\n"
    "  -s  no lines without it\n";

#define RANGES_MAX 100

struct range {
    unsigned long first; /* from 1 */
    unsigned long last;
};

static struct {
    struct range ranges[RANGES_MAX];
    size_t count;
    char delimiter;
    bool fields;
    bool characters;
    bool only_delimited;
} cut = {.delimiter = '\t'};

/* Digits at *text, which goes on behind them. False if there are none. */
static bool take_number(const char **text, unsigned long *number)
{
    char *end;

    if (!isdigit((unsigned char)**text)) {
        return false;
    }
    *number = strtoul(*text, &end, 10);
    *text = end;
    return true;
}

static bool take_range(const char **text)
{
    struct range *range = &cut.ranges[cut.count];
    bool first;
    bool last;

    if (cut.count == RANGES_MAX) {
        return false;
    }
    *range = (struct range){.first = 1};
    first = take_number(text, &range->first);
    range->last = range->first;
    if (**text == '-') {
        (*text)++;
        range->last = ULONG_MAX;
        last = take_number(text, &range->last);
        first = first || last;
    }
    cut.count++;
    return first && range->first > 0 && range->last >= range->first;
}

static bool parse_list(const char *text)
{
    for (;;) {
        if (!take_range(&text)) {
            (void)tool_error("invalid byte, character or field list");
            return false;
        }
        if (!*text) {
            return true;
        }
        if (*text != ',' && *text != ' ') {
            (void)tool_error("invalid byte, character or field list");
            return false;
        }
        text++;
    }
}

static bool is_chosen(unsigned long position)
{
    for (size_t index = 0; index < cut.count; index++) {
        if (position >= cut.ranges[index].first && position <= cut.ranges[index].last) {
            return true;
        }
    }
    return false;
}

static void cut_bytes(const struct line *line)
{
    unsigned long position = 0;

    for (size_t index = 0; index < line->length; index++) {
        bool begins = !cut.characters || ((unsigned char)line->text[index] & 0xc0) != 0x80;

        position += begins;
        if (is_chosen(position)) {
            putchar(line->text[index]);
        }
    }
    putchar('\n');
}

static void cut_fields(const struct line *line)
{
    const char *text = line->text;
    const char *end = line->text + line->length;
    unsigned long position = 1;
    bool printed = false;

    if (!memchr(text, cut.delimiter, line->length)) {
        if (!cut.only_delimited) {
            line_write(line, '\n');
        }
        return;
    }
    for (;; position++) {
        const char *next = memchr(text, cut.delimiter, (size_t)(end - text));
        size_t length = (size_t)((next ? next : end) - text);

        if (is_chosen(position)) {
            if (printed) {
                putchar(cut.delimiter);
            }
            (void)fwrite(text, 1, length, stdout);
            printed = true;
        }
        if (!next) {
            break;
        }
        text = next + 1;
    }
    putchar('\n');
}

static int cut_file(FILE *file, const char *path)
{
    struct line line = {0};

    (void)path;
    while (line_read(&line, file, '\n')) {
        if (cut.fields) {
            cut_fields(&line);
        } else {
            cut_bytes(&line);
        }
    }
    line_fini(&line);
    return 0;
}

static int run(int argc, char **argv)
{
    int option;

    while ((option = tool_option(argc, argv, "b:c:d:f:s")) != -1) {
        switch (option) {
        case 'b':
        case 'c':
        case 'f':
            cut.fields = option == 'f';
            cut.characters = option == 'c';
            if (!parse_list(optarg)) {
                return tool_usage();
            }
            break;
        case 'd':
            if (optarg[0] && optarg[1]) {
                (void)tool_error("the delimiter must be a single character");
                return tool_usage();
            }
            cut.delimiter = optarg[0];
            break;
        case 's':
            cut.only_delimited = true;
            break;
        default:
            return tool_usage();
        }
    }
    if (cut.count == 0) {
        (void)tool_error("you must specify a list of bytes, characters, or fields");
        return tool_usage();
    }
    return tool_each_file(argc - optind, argv + optind, cut_file);
}

const struct tool tool_cut = {.name = "cut", .usage = usage, .run = run};
