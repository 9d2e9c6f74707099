/* SPDX-License-Identifier: MIT */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

__attribute__((format(printf, 1, 0))) static void report(const char *format, va_list arguments,
                                                         int number)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: ", tool_name);
    (void)vfprintf(stderr, format, arguments);
    if (number) {
        (void)fprintf(stderr, ": %s", strerror(number));
    }
    (void)fputc('\n', stderr);
}

int tool_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(format, arguments, 0);
    va_end(arguments);
    return 1;
}

int tool_error_number(const char *format, ...)
{
    int number = errno;
    va_list arguments;

    va_start(arguments, format);
    report(format, arguments, number);
    va_end(arguments);
    return 1;
}

int tool_usage(void)
{
    (void)fprintf(stderr, "Try '%s --help' for more information.\n", tool_name);
    return 1;
}

int tool_missing_operand(void)
{
    (void)tool_error("missing operand");
    return tool_usage();
}

int tool_option(int argc, char **argv, const char *letters)
{
    static const struct option none[] = {{0}};

    return getopt_long(argc, argv, letters, none, NULL);
}

static void *checked(void *memory)
{
    if (!memory) {
        exit(tool_error("out of memory"));
    }
    return memory;
}

void *tool_memory(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *tool_resize(void *old, size_t size)
{
    return checked(realloc(old, size ? size : 1));
}

char *tool_copy(const char *text)
{
    return checked(strdup(text));
}

char *tool_path(const char *directory, const char *name)
{
    size_t length = strlen(directory);
    char *path = tool_memory(length + strlen(name) + 2);

    memcpy(path, directory, length);
    if (length && path[length - 1] != '/') {
        path[length++] = '/';
    }
    strcpy(path + length, name);
    return path;
}

const char *tool_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

bool tool_number(const char *text, bool suffix, const char *what, long long *ret_number)
{
    static const char letters[] = "bkmg";
    char *end;
    const char *letter;
    bool fits = true;

    errno = 0;
    *ret_number = strtoll(text, &end, 10);
    letter = suffix && *end && !end[1] ? strchr(letters, *end | 32) : NULL;
    if (letter) {
        fits = !__builtin_mul_overflow(
            *ret_number, *letter == 'b' ? 512 : 1LL << (10 * (letter - letters)), ret_number);
        end++;
    }
    if (end == text || *end || errno || !fits || *ret_number < 0) {
        (void)tool_error("invalid %s: '%s'", what, text);
        return false;
    }
    return true;
}

FILE *tool_open(const char *path)
{
    FILE *file;

    if (strcmp(path, "-") == 0) {
        return stdin;
    }
    file = fopen(path, "re");
    if (!file) {
        (void)tool_error_number("%s", path);
    }
    return file;
}

void tool_close(FILE *file)
{
    if (file != stdin) {
        (void)fclose(file);
    }
}

int tool_each_file(int count, char **paths, int (*work)(FILE *file, const char *path))
{
    int status = 0;

    if (count == 0) {
        return work(stdin, "-");
    }
    for (int index = 0; index < count; index++) {
        FILE *file = tool_open(paths[index]);
        int result = 1;

        if (file) {
            result = work(file, paths[index]);
            if (ferror(file)) {
                result = tool_error_number("%s", paths[index]);
            }
            tool_close(file);
        }
        status = result > status ? result : status;
    }
    return status;
}

bool tool_copy_fd(int from, const char *from_name, int to, const char *to_name)
{
    static char bytes[16384];

    for (;;) {
        ssize_t got = read(from, bytes, sizeof(bytes));
        const char *next = bytes;

        if (got == 0) {
            return true;
        }
        if (got < 0) {
            (void)tool_error_number("%s", from_name);
            return false;
        }
        while (got > 0) {
            ssize_t done = write(to, next, (size_t)got);

            if (done < 0) {
                (void)tool_error_number("%s", to_name);
                return false;
            }
            next += done;
            got -= done;
        }
    }
}

void tool_mode_text(mode_t mode, char *ret_text)
{
    static const char bits[] = "rwxrwxrwx";

    ret_text[0] = S_ISDIR(mode)    ? 'd'
                  : S_ISLNK(mode)  ? 'l'
                  : S_ISCHR(mode)  ? 'c'
                  : S_ISBLK(mode)  ? 'b'
                  : S_ISFIFO(mode) ? 'p'
                  : S_ISSOCK(mode) ? 's'
                                   : '-';
    for (int bit = 0; bit < 9; bit++) {
        ret_text[bit + 1] = '-';
        if (mode & (0400U >> bit)) {
            ret_text[bit + 1] = bits[bit];
        }
    }
    if (mode & S_ISUID) {
        ret_text[3] = mode & 0100 ? 's' : 'S';
    }
    if (mode & S_ISGID) {
        ret_text[6] = mode & 010 ? 's' : 'S';
    }
    if (mode & S_ISVTX) {
        ret_text[9] = mode & 01 ? 't' : 'T';
    }
    ret_text[10] = 0;
}

void tool_size_text(unsigned long long size, char *ret_text)
{
    static const char units[] = " KMGTPE";
    unsigned unit = 0;
    unsigned long long tenths = size * 10;

    if (size > ~0ULL / 20) {
        tenths = ~0ULL / 2;
    }
    while (tenths >= 10240) {
        tenths = (tenths + 1023) / 1024;
        unit++;
    }
    if (unit == 0) {
        (void)snprintf(ret_text, 8, "%llu", size);
    } else if (tenths < 100) {
        (void)snprintf(ret_text, 8, "%llu.%llu%c", tenths / 10, tenths % 10, units[unit]);
    } else {
        (void)snprintf(ret_text, 8, "%llu%c", (tenths + 9) / 10, units[unit]);
    }
}

/* One of u g o a + - = r w x X s t of a mode; false if the text goes wrong. */
static bool parse_clause(const char **text, mode_t *mode)
{
    mode_t who = 0;
    mode_t mask = umask(0);

    (void)umask(mask);
    for (; **text && strchr("ugoa", **text); (*text)++) {
        who |= **text == 'u' ? 04700 : **text == 'g' ? 02070 : **text == 'o' ? 01007 : 07777;
    }
    mask = who ? who : (mode_t)(07777 & ~mask);
    if (!**text || !strchr("+-=", **text)) {
        return false;
    }
    while (**text && strchr("+-=", **text)) {
        char operation = *(*text)++;
        mode_t bits = 0;

        for (; **text && strchr("rwxXst", **text); (*text)++) {
            bool executable = S_ISDIR(*mode) || (*mode & 0111);

            bits |= **text == 'r'   ? 0444
                    : **text == 'w' ? 0222
                    : **text == 'x' ? 0111
                    : **text == 'X' ? (executable ? 0111 : 0)
                    : **text == 's' ? 06000
                                    : 01000;
        }
        bits &= mask;
        if (operation == '=') {
            *mode &= ~(who ? who & 0777 : 0777);
        }
        *mode = operation == '-' ? *mode & ~bits : *mode | bits;
    }
    return true;
}

bool tool_parse_mode(const char *text, mode_t old, mode_t *ret_mode)
{
    if (*text >= '0' && *text <= '7') {
        char *end;
        unsigned long value = strtoul(text, &end, 8);

        *ret_mode = (mode_t)value;
        return !*end && value <= 07777;
    }
    *ret_mode = old;
    for (;;) {
        if (!parse_clause(&text, ret_mode)) {
            return false;
        }
        if (!*text) {
            *ret_mode &= 07777;
            return true;
        }
        if (*text++ != ',') {
            return false;
        }
    }
}

bool tool_parse_date(const char *text, time_t *ret_time)
{
    time_t now = time(NULL);
    struct tm fields = *localtime(&now);
    const char *rest;

    if (*text == '@') {
        char *end;

        *ret_time = strtoll(text + 1, &end, 10);
        return end > text + 1 && !*end;
    }
    fields.tm_hour = fields.tm_min = fields.tm_sec = 0;
    fields.tm_isdst = -1;
    rest = strptime(text, "%Y-%m-%d", &fields);
    if (rest && (*rest == ' ' || *rest == 'T')) {
        text = rest + 1;
        rest = NULL;
    }
    if (!rest) {
        rest = strptime(text, "%H:%M", &fields);
        if (rest && *rest == ':') {
            rest = strptime(rest + 1, "%S", &fields);
        }
    }
    if (rest && strcmp(rest, "Z") == 0) {
        *ret_time = timegm(&fields);
        return true;
    }
    *ret_time = mktime(&fields);
    return rest && !*rest;
}

bool tool_ask(const char *format, ...)
{
    char answer[64];
    va_list arguments;

    (void)fflush(stdout);
    va_start(arguments, format);
    (void)fprintf(stderr, "%s: ", tool_name);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}
