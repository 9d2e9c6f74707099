/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lines.h"
#include "tool.h"

static const char usage[] = "usage: uniq [-cdiu] [-f FIELDS] [-s CHARACTERS] [-w CHARACTERS] "
                            "[INPUT [OUTPUT]]\n\n"
                            "Prints lines that are equal to the one before only once.\n\n"
                            "  -c  with how often\n  -d  only those that come more than once\n"
                            "  -u  only those that come once\n  -i  without case\n"
                            "  -f, -s  pass over fields, then characters; -w  compare so many\n";

static struct {
    bool count;
    bool repeated;
    bool unique;
    bool ignore_case;
    long long fields;
    long long characters;
    long long width;
} uniq = {.width = -1};

static const char *compared(const char *text)
{
    for (long long field = 0; field < uniq.fields; field++) {
        while (isblank((unsigned char)*text)) {
            text++;
        }
        while (*text && !isblank((unsigned char)*text)) {
            text++;
        }
    }
    for (long long skipped = 0; skipped < uniq.characters && *text; skipped++) {
        text++;
    }
    return text;
}

static bool equal(const char *one, const char *two)
{
    size_t width = uniq.width < 0 ? (size_t)-1 : (size_t)uniq.width;

    one = compared(one);
    two = compared(two);
    return (uniq.ignore_case ? strncasecmp(one, two, width) : strncmp(one, two, width)) == 0;
}

static void print(const struct line *line, unsigned long long times)
{
    if ((uniq.repeated && times < 2) || (uniq.unique && times > 1)) {
        return;
    }
    if (uniq.count) {
        printf("%7llu ", times);
    }
    line_write(line, '\n');
}

static int filter(FILE *file)
{
    struct line last = {0};
    struct line line = {0};
    unsigned long long times = 0;

    while (line_read(&line, file, '\n')) {
        struct line swapped = last;

        if (times && equal(last.text, line.text)) {
            times++;
            continue;
        }
        if (times) {
            print(&last, times);
        }
        last = line;
        line = swapped;
        times = 1;
    }
    if (times) {
        print(&last, times);
    }
    line_fini(&last);
    line_fini(&line);
    return 0;
}

static int run(int argc, char **argv)
{
    FILE *file;
    int status;
    int option;

    while ((option = tool_option(argc, argv, "cdf:is:uw:")) != -1) {
        long long *number = option == 'f'   ? &uniq.fields
                            : option == 's' ? &uniq.characters
                                            : &uniq.width;

        if (option == '?') {
            return tool_usage();
        }
        if (strchr("fsw", option) && !tool_number(optarg, false, "number", number)) {
            return 1;
        }
        uniq.count = uniq.count || option == 'c';
        uniq.repeated = uniq.repeated || option == 'd';
        uniq.ignore_case = uniq.ignore_case || option == 'i';
        uniq.unique = uniq.unique || option == 'u';
    }
    file = tool_open(optind < argc ? argv[optind] : "-");
    if (!file) {
        return 1;
    }
    if (optind + 1 < argc && !freopen(argv[optind + 1], "we", stdout)) {
        return tool_error_number("%s", argv[optind + 1]);
    }
    status = filter(file);
    tool_close(file);
    return status;
}

const struct tool tool_uniq = {.name = "uniq", .usage = usage, .run = run};
