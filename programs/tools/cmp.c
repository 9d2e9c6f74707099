/* SPDX-License-Identifier: MIT */
/* cmp and hexdump: files byte by byte. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* --- cmp --- */

static int compare(FILE *one, FILE *two, char **names, char form)
{
    unsigned long long position = 0;
    unsigned long long line = 1;
    int status = 0;

    for (;;) {
        int left = getc(one);
        int right = getc(two);

        position++;
        if (left == EOF && right == EOF) {
            return status;
        }
        if (left == EOF || right == EOF) {
            if (form != 's') {
                (void)tool_error("EOF on %s after byte %llu", names[left == EOF ? 0 : 1],
                                 position - 1);
            }
            return 1;
        }
        if (left != right) {
            status = 1;
            if (form == 's') {
                return 1;
            }
            if (form != 'l') {
                printf("%s %s differ: char %llu, line %llu\n", names[0], names[1], position, line);
                return 1;
            }
            printf("%llu %3o %3o\n", position, left, right);
        }
        line += left == '\n';
    }
}

static int run_cmp(int argc, char **argv)
{
    static char input[] = "-";
    char *names[2];
    char form = 0;
    FILE *one;
    FILE *two;
    int option;

    while ((option = tool_option(argc, argv, "ls")) != -1) {
        if (option == '?') {
            return tool_usage() + 1;
        }
        form = (char)option;
    }
    if (optind == argc) {
        return tool_missing_operand() + 1;
    }
    names[0] = argv[optind];
    names[1] = optind + 1 < argc ? argv[optind + 1] : input;
    one = tool_open(names[0]);
    two = one ? tool_open(names[1]) : NULL;
    if (!two) {
        return 2;
    }
    return compare(one, two, names, form);
}

const struct tool tool_cmp = {
    .name = "cmp",
    .usage = "usage: cmp [-l | -s] FILE1 [FILE2]\n\nTells where two files differ; succeeds if they "
             "do not.\n\n  -l  all bytes that differ  -s  nothing, only the status\n",
    .run = run_cmp};

/* --- hexdump --- */

static struct {
    long long skip;
    long long count;
} dump = {.count = -1};

static void print_row(unsigned long long position, const unsigned char *bytes, size_t count)
{
    printf("%08llx ", position);
    for (size_t index = 0; index < 16; index++) {
        if (index % 8 == 0) {
            putchar(' ');
        }
        if (index < count) {
            printf("%02x ", bytes[index]);
        } else {
            (void)fputs("   ", stdout);
        }
    }
    (void)fputs(" |", stdout);
    for (size_t index = 0; index < count; index++) {
        putchar(isprint(bytes[index]) ? bytes[index] : '.');
    }
    puts("|");
}

static int dump_file(FILE *file, const char *path)
{
    unsigned long long position = 0;
    unsigned char bytes[16];
    unsigned char before[16];
    bool have_before = false;
    bool starred = false;

    (void)path;
    for (long long left = dump.skip; left > 0 && getc(file) != EOF; left--) {
        position++;
    }
    for (;;) {
        size_t want = dump.count >= 0 && dump.count < 16 ? (size_t)dump.count : 16;
        size_t count = fread(bytes, 1, want, file);

        if (count == 0) {
            break;
        }
        if (have_before && count == 16 && memcmp(bytes, before, 16) == 0) {
            if (!starred) {
                puts("*");
            }
            starred = true;
        } else {
            print_row(position, bytes, count);
            starred = false;
        }
        memcpy(before, bytes, 16);
        have_before = count == 16;
        position += count;
        dump.count -= dump.count >= 0 ? (long long)count : 0;
    }
    printf("%08llx\n", position);
    return 0;
}

static int run_hexdump(int argc, char **argv)
{
    int option;

    while ((option = tool_option(argc, argv, "Cn:s:")) != -1) {
        if (option == '?' || (option == 'n' && !tool_number(optarg, true, "count", &dump.count)) ||
            (option == 's' && !tool_number(optarg, true, "offset", &dump.skip))) {
            return tool_usage();
        }
    }
    return tool_each_file(argc - optind, argv + optind, dump_file);
}

const struct tool tool_hexdump = {
    .name = "hexdump",
    .usage = "usage: hexdump [-C] [-n COUNT] [-s OFFSET] [FILE...]\n\n"
             "Prints files byte by byte, in hexadecimal and as text; equal rows as one star.\n\n"
             "  -n  only so many bytes  -s  from there on  -C  has no effect\n",
    .run = run_hexdump};
