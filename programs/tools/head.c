/* SPDX-License-Identifier: MIT */
/* The beginning of files, and their end. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

static const char head_usage[] = "usage: head [-n LINES | -c BYTES] [FILE...]\n\n"
                                 "Prints the first lines of each file: 10, or as many as -n or "
                                 "-LINES says.\nWith a - in front of the number, all but the last "
                                 "ones.\n\n"
                                 "  -q  no names of files\n  -v  always names of files\n";

static const char tail_usage[] = "usage: tail [-f] [-n LINES | -c BYTES] [FILE...]\n\n"
                                 "Prints the last lines of each file: 10, or as many as -n or "
                                 "-LINES says.\nWith a + in front of the number, all from that "
                                 "line on.\n\n"
                                 "  -f  go on as the file, a single one, grows\n"
                                 "  -q  no names of files\n  -v  always names of files\n";

struct part {
    long long count;
    bool bytes;
    char sign; /* of the number, 0 if it had none */
    bool follow;
    int names; /* -1: if there are several files; 0: never; 1: always */
};

/* -5 for -n 5, as everybody types it. */
static bool rewrite_number(int argc, char **argv, struct part *part, int *first)
{
    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) {
        *first = 2;
        return tool_number(argv[1] + 1, false, "number of lines", &part->count);
    }
    return true;
}

static bool read_options(int argc, char **argv, const char *letters, struct part *part)
{
    int first = 1;
    int option;

    *part = (struct part){.count = 10, .names = -1};
    if (!rewrite_number(argc, argv, part, &first)) {
        return false;
    }
    optind = first;
    while ((option = tool_option(argc, argv, letters)) != -1) {
        switch (option) {
        case 'n':
        case 'c':
            part->bytes = option == 'c';
            part->sign = *optarg == '-' || *optarg == '+' ? *optarg : 0;
            if (!tool_number(optarg + (part->sign != 0), true,
                             part->bytes ? "number of bytes" : "number of lines", &part->count)) {
                return false;
            }
            break;
        case 'f':
            part->follow = true;
            break;
        case 'q':
        case 'v':
            part->names = option == 'v';
            break;
        default:
            (void)tool_usage();
            return false;
        }
    }
    return true;
}

static void print_head(FILE *file, const struct part *part)
{
    long long left = part->count;
    int character;

    while (left > 0 && (character = getc(file)) != EOF) {
        putchar(character);
        left -= part->bytes || character == '\n';
    }
}

/* The last units of what was read, as a ring of lines (or bytes). */
struct ring {
    char **units;
    size_t *lengths;
    size_t size;
    size_t room; /* for as many as there were so far */
    size_t next;
    bool full;
};

static void write_unit(const char *unit, size_t length)
{
    (void)fwrite(unit, 1, length, stdout);
}

/* Reads one line or byte; *ret_length is 0 at the end. */
static char *read_unit(FILE *file, bool bytes, size_t *ret_length)
{
    char *unit = NULL;
    size_t room = 0;

    *ret_length = 0;
    if (bytes) {
        int character = getc(file);

        if (character != EOF) {
            unit = tool_memory(1);
            *unit = (char)character;
            *ret_length = 1;
        }
        return unit;
    }
    ssize_t length = getline(&unit, &room, file);

    if (length <= 0) {
        free(unit);
        return NULL;
    }
    *ret_length = (size_t)length;
    return unit;
}

/* Keeps the last `size` units; those that fall out are printed if `rest_first` (head -n -5). */
static void run_ring(FILE *file, const struct part *part, bool rest_first)
{
    struct ring ring = {.size = (size_t)part->count};
    size_t length;
    char *unit;

    while ((unit = read_unit(file, part->bytes, &length))) {
        if (ring.size == 0) {
            if (rest_first) {
                write_unit(unit, length);
            }
            free(unit);
            continue;
        }
        if (ring.full) {
            if (rest_first) {
                write_unit(ring.units[ring.next], ring.lengths[ring.next]);
            }
            free(ring.units[ring.next]);
        }
        if (!ring.full && ring.next == ring.room) {
            ring.room = 2 * ring.room + 16;
            ring.units = tool_resize(ring.units, ring.room * sizeof(char *));
            ring.lengths = tool_resize(ring.lengths, ring.room * sizeof(size_t));
        }
        ring.units[ring.next] = unit;
        ring.lengths[ring.next] = length;
        ring.next = (ring.next + 1) % ring.size;
        ring.full = ring.full || ring.next == 0;
    }
    for (size_t index = 0; index < (ring.full ? ring.size : ring.next); index++) {
        size_t place = ((ring.full ? ring.next : 0) + index) % ring.size;

        if (!rest_first) {
            write_unit(ring.units[place], ring.lengths[place]);
        }
        free(ring.units[place]);
    }
    free(ring.units);
    free(ring.lengths);
}

static void print_from(FILE *file, const struct part *part)
{
    long long skip = part->count - 1;
    int character;

    while (skip > 0 && (character = getc(file)) != EOF) {
        skip -= part->bytes || character == '\n';
    }
    while ((character = getc(file)) != EOF) {
        putchar(character);
    }
}

/* Looks twice a second for what is new. */
static void follow(FILE *file)
{
    const struct timespec pause = {.tv_nsec = 500000000};
    int character;

    for (;;) {
        (void)fflush(stdout);
        (void)nanosleep(&pause, NULL);
        clearerr(file);
        while ((character = getc(file)) != EOF) {
            putchar(character);
        }
        if (ferror(stdout)) {
            return;
        }
    }
}

static void print_part(FILE *file, const struct part *part, bool tail)
{
    if (!tail && part->sign == '-') {
        run_ring(file, part, true);
    } else if (!tail) {
        print_head(file, part);
    } else if (part->sign == '+') {
        print_from(file, part);
    } else {
        run_ring(file, part, false);
    }
    if (tail && part->follow) {
        follow(file);
    }
}

static int run(int argc, char **argv, bool tail)
{
    struct part part;
    int status = 0;
    bool names;
    bool printed = false;

    if (!read_options(argc, argv, tail ? "n:c:fqv" : "n:c:qv", &part)) {
        return 1;
    }
    if (part.follow && argc - optind > 1) {
        return tool_error("only one file can be followed");
    }
    names = part.names < 0 ? argc - optind > 1 : part.names;
    for (int index = optind; index < argc || (index == optind && optind == argc); index++) {
        const char *path = index < argc ? argv[index] : "-";
        FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

        if (!file) {
            status = tool_error_number("cannot open '%s' for reading", path);
            continue;
        }
        if (names) {
            printf("%s==> %s <==\n", printed ? "\n" : "", file == stdin ? "standard input" : path);
        }
        printed = true;
        print_part(file, &part, tail);
        if (ferror(file)) {
            status = tool_error_number("error reading '%s'", path);
        }
        tool_close(file);
    }
    return status;
}

static int run_head(int argc, char **argv)
{
    return run(argc, argv, false);
}

static int run_tail(int argc, char **argv)
{
    return run(argc, argv, true);
}

const struct tool tool_head = {.name = "head", .usage = head_usage, .run = run_head};
const struct tool tool_tail = {.name = "tail", .usage = tail_usage, .run = run_tail};
