/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static const char usage[] = "usage: wc [-clmw] [FILE...]\n\n"
                            "Counts lines, words and bytes of each file.\n\n"
                            "  -l  lines\n  -w  words\n  -c  bytes\n  -m  characters\n";

enum count {
    COUNT_LINES,
    COUNT_WORDS,
    COUNT_CHARACTERS,
    COUNT_BYTES,
    COUNT_KINDS,
};

struct counts {
    unsigned long long of[COUNT_KINDS];
};

static void count_file(FILE *file, struct counts *counts)
{
    bool in_word = false;
    int character;

    while ((character = getc(file)) != EOF) {
        bool blank = isspace(character);

        counts->of[COUNT_BYTES]++;
        counts->of[COUNT_LINES] += character == '\n';
        counts->of[COUNT_CHARACTERS] += (character & 0xc0) != 0x80;
        counts->of[COUNT_WORDS] += !blank && !in_word;
        in_word = !blank;
    }
}

/* A single number stands alone; several are in columns. */
static void print_counts(const struct counts *counts, unsigned chosen, int width, const char *name)
{
    bool first = true;

    for (unsigned kind = 0; kind < COUNT_KINDS; kind++) {
        if (chosen & (1U << kind)) {
            printf("%s%*llu", first ? "" : " ", width, counts->of[kind]);
            first = false;
        }
    }
    printf("%s%s\n", name ? " " : "", name ? name : "");
}

/* As wide as the sum of all sizes, which nothing exceeds; 7 where a size is not known. */
static int column_width(int count, char **paths, unsigned chosen)
{
    unsigned long long total = 0;
    int width = 1;
    bool unknown = false;

    if (count <= 1 && !(chosen & (chosen - 1))) {
        return 1;
    }
    for (int index = 0; index < count || (count == 0 && index == 0); index++) {
        struct stat status;
        bool input = count == 0 || strcmp(paths[index], "-") == 0;

        if ((input ? fstat(0, &status) : stat(paths[index], &status)) != 0) {
            continue;
        }
        if (S_ISREG(status.st_mode)) {
            total += (unsigned long long)status.st_size;
        } else {
            unknown = true;
        }
    }
    for (; total >= 10; total /= 10) {
        width++;
    }
    return unknown && width < 7 ? 7 : width;
}

static int wc(int argc, char **argv)
{
    static const char letters[] = "lwmc";
    struct counts total = {0};
    unsigned chosen = 0;
    int status = 0;
    int width;
    int option;

    while ((option = tool_option(argc, argv, letters)) != -1) {
        if (option == '?') {
            return tool_usage();
        }
        chosen |= 1U << (strchr(letters, option) - letters);
    }
    chosen = chosen ? chosen : 1U << COUNT_LINES | 1U << COUNT_WORDS | 1U << COUNT_BYTES;
    width = column_width(argc - optind, argv + optind, chosen);
    for (int index = optind; index < argc || (index == optind && optind == argc); index++) {
        const char *path = index < argc ? argv[index] : "-";
        struct counts counts = {0};
        FILE *file = tool_open(path);

        if (!file) {
            status = 1;
            continue;
        }
        count_file(file, &counts);
        if (ferror(file)) {
            status = tool_error_number("%s", path);
        }
        tool_close(file);
        print_counts(&counts, chosen, width, index < argc ? path : NULL);
        for (unsigned kind = 0; kind < COUNT_KINDS; kind++) {
            total.of[kind] += counts.of[kind];
        }
    }
    if (argc - optind > 1) {
        print_counts(&total, chosen, width, "total");
    }
    return status;
}

const struct tool tool_wc = {.name = "wc", .usage = usage, .run = wc};
