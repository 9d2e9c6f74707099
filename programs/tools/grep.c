/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lines.h"
#include "tool.h"

static const char usage[] =
    "usage: grep [-EFGHLRachilnoqrsvwx] [-A N] [-B N] [-C N] [-m N] PATTERN [FILE...]\n"
    "       grep [OPTIONS] -e PATTERN... [-f FILE] [FILE...]\n\n"
    "Prints lines that a regular expression matches.\n\n"
    "  -E  extended expressions: + ? | ( )   -F  plain text\n"
    "  -i  without case                      -v  lines that do not match\n"
    "  -w  whole words                       -x  whole lines\n"
    "  -c  only how many                     -l, -L  only names of files with, without\n"
    "  -n  with line numbers                 -o  only what matches\n"
    "  -H, -h  with, without names of files  -r, -R  directories with all in them\n"
    "  -q  nothing, only the status          -s  no errors about files\n"
    "  -m  stop after so many                -A, -B, -C  lines behind, in front, around\n"
    "  -a, -G  have no effect: what it does anyway\n";

#define PATTERNS_MAX 64

struct pattern {
    const char *text;
    regex_t expression;
};

static struct {
    struct pattern patterns[PATTERNS_MAX];
    size_t count;
    bool plain;
    bool ignore_case;
    bool invert;
    bool words;
    bool whole_lines;
    bool only_count;
    char only_names; /* l or L */
    bool numbers;
    bool only_matches;
    int names; /* -1: if there are several files */
    bool recursive;
    bool quiet;
    bool silent;
    long long stop;
    long long before;
    long long after;
    bool selected; /* anything at all */
    bool failed;
    bool printed; /* a group of lines, so that the next gets a -- */
} grep = {.names = -1, .stop = -1};

/* --- matching --- */

static bool is_word(char character)
{
    return character == '_' || (character >= '0' && character <= '9') ||
           ((character | 32) >= 'a' && (character | 32) <= 'z') || (unsigned char)character >= 0x80;
}

static bool stands_alone(const char *line, size_t start, size_t end)
{
    return (start == 0 || !is_word(line[start - 1])) && !is_word(line[end]);
}

static const char *find_plain(const char *text, const char *wanted)
{
    size_t length = strlen(wanted);

    if (!grep.ignore_case) {
        return strstr(text, wanted);
    }
    for (;; text++) {
        if (strncasecmp(text, wanted, length) == 0) {
            return text;
        }
        if (!*text) {
            return NULL;
        }
    }
}

/* The first match of one pattern at or behind `from`. */
static bool match_one(const struct pattern *pattern, const char *line, size_t from,
                      size_t *ret_start, size_t *ret_end)
{
    regmatch_t match;

    if (grep.plain) {
        const char *found = find_plain(line + from, pattern->text);

        if (!found) {
            return false;
        }
        *ret_start = (size_t)(found - line);
        *ret_end = *ret_start + strlen(pattern->text);
        return true;
    }
    if (regexec(&pattern->expression, line + from, 1, &match, from ? REG_NOTBOL : 0) != 0) {
        return false;
    }
    *ret_start = from + (size_t)match.rm_so;
    *ret_end = from + (size_t)match.rm_eo;
    return true;
}

/* The same, but only where -w and -x let it stand. */
static bool match_allowed(const struct pattern *pattern, const char *line, size_t from,
                          size_t *ret_start, size_t *ret_end)
{
    size_t length = strlen(line);

    while (from <= length && match_one(pattern, line, from, ret_start, ret_end)) {
        bool whole = *ret_start == 0 && *ret_end == length;

        if ((!grep.whole_lines || whole) &&
            (!grep.words || stands_alone(line, *ret_start, *ret_end))) {
            return true;
        }
        from = *ret_start + 1;
    }
    return false;
}

/* The leftmost of all patterns, the longest of these. */
static bool match_any(const char *line, size_t from, size_t *ret_start, size_t *ret_end)
{
    bool found = false;

    for (size_t index = 0; index < grep.count; index++) {
        size_t start;
        size_t end;

        if (match_allowed(&grep.patterns[index], line, from, &start, &end) &&
            (!found || start < *ret_start || (start == *ret_start && end > *ret_end))) {
            found = true;
            *ret_start = start;
            *ret_end = end;
        }
    }
    return found;
}

/* --- printing --- */

static void print_prefix(const char *name, unsigned long long number, char sign)
{
    if (grep.names) {
        printf("%s%c", name, sign);
    }
    if (grep.numbers) {
        printf("%llu%c", number, sign);
    }
}

static void print_matches(const struct line *line, const char *name, unsigned long long number)
{
    size_t from = 0;
    size_t start;
    size_t end;

    while (from <= line->length && match_any(line->text, from, &start, &end)) {
        if (end > start) {
            print_prefix(name, number, ':');
            printf("%.*s\n", (int)(end - start), line->text + start);
        }
        from = end > start ? end : start + 1;
    }
}

/* Lines in front of a match, kept in case one comes. */
struct context {
    struct line *kept;
    unsigned long long kept_number; /* of the first one */
    size_t count;
    size_t room;
    long long after; /* lines that are still to print */
    unsigned long long last_printed;
};

static void keep_line(struct context *context, const struct line *line, unsigned long long number)
{
    if (grep.before == 0) {
        return;
    }
    if (context->count == (size_t)grep.before) {
        line_fini(&context->kept[0]);
        memmove(context->kept, context->kept + 1, (context->count - 1) * sizeof(struct line));
        context->count--;
        context->kept_number++;
    }
    if (context->count == 0) {
        context->kept_number = number;
    }
    if (context->count == context->room) {
        context->room = 2 * context->room + 8;
        context->kept = tool_resize(context->kept, context->room * sizeof(struct line));
    }
    context->kept[context->count++] =
        (struct line){.text = tool_copy(line->text), .length = line->length};
}

static void print_kept(struct context *context, const char *name, unsigned long long number)
{
    unsigned long long first = context->count ? context->kept_number : number;

    if ((grep.before || grep.after) && grep.printed && first > context->last_printed + 1) {
        puts("--");
    }
    for (size_t index = 0; index < context->count; index++) {
        print_prefix(name, context->kept_number + index, '-');
        line_write(&context->kept[index], '\n');
        line_fini(&context->kept[index]);
    }
    context->count = 0;
}

static void print_selected(struct context *context, const struct line *line, const char *name,
                           unsigned long long number)
{
    print_kept(context, name, number);
    if (grep.only_matches) {
        if (!grep.invert) {
            print_matches(line, name, number);
        }
    } else {
        print_prefix(name, number, ':');
        line_write(line, '\n');
    }
    grep.printed = true;
    context->last_printed = number;
    context->after = grep.after;
}

static void pass_over(struct context *context, const struct line *line, const char *name,
                      unsigned long long number)
{
    if (context->after > 0 && !grep.only_matches) {
        context->after--;
        print_prefix(name, number, '-');
        line_write(line, '\n');
        context->last_printed = number;
    } else {
        keep_line(context, line, number);
    }
}

/* --- files --- */

static void search(FILE *file, const char *name)
{
    bool prints = !grep.only_count && !grep.only_names && !grep.quiet;
    struct line line = {0};
    struct context context = {0};
    unsigned long long number = 0;
    long long count = 0;

    while ((grep.stop < 0 || count < grep.stop || context.after > 0) &&
           line_read(&line, file, '\n')) {
        size_t start;
        size_t end;
        bool full = grep.stop >= 0 && count >= grep.stop;

        number++;
        if (!full && match_any(line.text, 0, &start, &end) != grep.invert) {
            count++;
            grep.selected = grep.selected || grep.only_names != 'L';
            if (grep.quiet || grep.only_names) {
                break;
            }
            if (prints) {
                print_selected(&context, &line, name, number);
            }
        } else if (prints) {
            pass_over(&context, &line, name, number);
        }
    }
    if (grep.only_count && !grep.quiet && !grep.only_names) {
        if (grep.names) {
            printf("%s:", name);
        }
        printf("%lld\n", count);
    }
    if (grep.only_names && (count > 0) == (grep.only_names == 'l') && !grep.quiet) {
        puts(name);
        grep.selected = true;
    }
    for (size_t index = 0; index < context.count; index++) {
        line_fini(&context.kept[index]);
    }
    free(context.kept);
    line_fini(&line);
}

static void report(const char *path)
{
    if (!grep.silent) {
        (void)tool_error_number("%s", path);
    }
    grep.failed = true;
}

static int by_name(const struct dirent **one, const struct dirent **two)
{
    return strcmp((*one)->d_name, (*two)->d_name);
}

static void search_path(const char *path, bool operand)
{
    struct stat status;
    FILE *file;

    if (strcmp(path, "-") == 0 && operand) {
        search(stdin, "(standard input)");
        return;
    }
    if ((operand ? stat : lstat)(path, &status) != 0) {
        report(path);
        return;
    }
    if (S_ISDIR(status.st_mode)) {
        struct dirent **items;
        int count = grep.recursive ? scandir(path, &items, NULL, by_name) : -1;

        if (!grep.recursive) {
            errno = EISDIR;
            report(path);
        }
        for (int index = 0; index < count; index++) {
            char *inner = tool_path(path, items[index]->d_name);

            if (strcmp(items[index]->d_name, ".") != 0 && strcmp(items[index]->d_name, "..") != 0) {
                search_path(inner, false);
            }
            free(inner);
            free(items[index]);
        }
        if (count >= 0) {
            free(items);
        }
        return;
    }
    if (!operand && !S_ISREG(status.st_mode)) {
        return;
    }
    file = fopen(path, "re");
    if (!file) {
        report(path);
        return;
    }
    search(file, path);
    if (ferror(file)) {
        report(path);
    }
    (void)fclose(file);
}

/* --- options --- */

/* Each line of the text is a pattern. */
static bool add_patterns(char *text)
{
    char *line = text;

    while (line) {
        char *newline = strchr(line, '\n');

        if (newline) {
            *newline = 0;
        }
        if (grep.count == PATTERNS_MAX) {
            (void)tool_error("too many patterns");
            return false;
        }
        grep.patterns[grep.count++].text = line;
        line = newline ? newline + 1 : NULL;
    }
    return true;
}

static bool add_patterns_of(const char *path)
{
    FILE *file = tool_open(path);
    struct line line = {0};
    bool done = file;

    while (done && line_read(&line, file, '\n')) {
        done = add_patterns(tool_copy(line.text));
    }
    if (file) {
        tool_close(file);
    }
    line_fini(&line);
    return done;
}

static bool compile(bool extended)
{
    int flags = (extended ? REG_EXTENDED : 0) | (grep.ignore_case ? REG_ICASE : 0);

    for (size_t index = 0; index < grep.count && !grep.plain; index++) {
        struct pattern *pattern = &grep.patterns[index];
        int error = regcomp(&pattern->expression, pattern->text, flags);

        if (error) {
            char message[100];

            (void)regerror(error, &pattern->expression, message, sizeof(message));
            (void)tool_error("%s: %s", pattern->text, message);
            return false;
        }
    }
    return true;
}

static bool set_option(int option, bool *extended)
{
    switch (option) {
    case 'E':
        *extended = true;
        return true;
    case 'F':
        grep.plain = true;
        return true;
    case 'H':
    case 'h':
        grep.names = option == 'H';
        return true;
    case 'l':
    case 'L':
        grep.only_names = (char)option;
        return true;
    case 'r':
    case 'R':
        grep.recursive = true;
        return true;
    case 'c':
        grep.only_count = true;
        return true;
    case 'i':
        grep.ignore_case = true;
        return true;
    case 'n':
        grep.numbers = true;
        return true;
    case 'o':
        grep.only_matches = true;
        return true;
    case 'q':
        grep.quiet = true;
        return true;
    case 's':
        grep.silent = true;
        return true;
    case 'v':
        grep.invert = true;
        return true;
    case 'w':
        grep.words = true;
        return true;
    case 'x':
        grep.whole_lines = true;
        return true;
    case 'a':
    case 'G':
        return true;
    case 'e':
        return add_patterns(optarg);
    case 'f':
        return add_patterns_of(optarg);
    case 'm':
        return tool_number(optarg, false, "max count", &grep.stop);
    case 'A':
        return tool_number(optarg, false, "context length argument", &grep.after);
    case 'B':
        return tool_number(optarg, false, "context length argument", &grep.before);
    case 'C':
        if (!tool_number(optarg, false, "context length argument", &grep.after)) {
            return false;
        }
        grep.before = grep.after;
        return true;
    default:
        (void)tool_usage();
        return false;
    }
}

static int run(int argc, char **argv)
{
    bool extended = false;
    bool given = false;
    int option;

    while ((option = tool_option(argc, argv, "EFGHLRace:f:hilm:noqrsvwxA:B:C:")) != -1) {
        if (!set_option(option, &extended)) {
            return 2;
        }
        given = given || option == 'e' || option == 'f';
    }
    if (!given && (optind == argc || !add_patterns(argv[optind++]))) {
        (void)fprintf(stderr, "usage: grep [OPTION]... PATTERN [FILE...]\n");
        (void)tool_usage();
        return 2;
    }
    if (!compile(extended)) {
        return 2;
    }
    if (grep.names < 0) {
        grep.names = argc - optind > 1 || grep.recursive;
    }
    if (optind == argc) {
        search_path(grep.recursive ? "." : "-", true);
    }
    for (int index = optind; index < argc; index++) {
        search_path(argv[index], true);
    }
    return grep.failed && !(grep.quiet && grep.selected) ? 2 : !grep.selected;
}

const struct tool tool_grep = {.name = "grep", .usage = usage, .run = run};
