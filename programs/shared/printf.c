/* SPDX-License-Identifier: MIT */
#include "printf.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

/* Where the arguments are, and what went wrong so far. */
struct printing {
    char **next; /* ends with NULL */
    int status;
    bool stop; /* \c in %b */
};

#define FLAGS_MAX 36

/* One directive: flags, width and precision as text, so that the libc gets them again. */
struct directive {
    char text[FLAGS_MAX + 4];
    size_t length;
    bool overflown;
};

static const char *next_argument(struct printing *printing)
{
    return *printing->next ? *printing->next++ : NULL;
}

static void check_number(struct printing *printing, const char *text, const char *end)
{
    const char *problem = NULL;

    if (end == text) {
        problem = "expected numeric value";
    } else if (*end) {
        problem = "not completely converted";
    } else if (errno == ERANGE) {
        problem = strerror(ERANGE);
    }
    if (problem) {
        (void)fprintf(stderr, "printf: %s: %s\n", text, problem);
        printing->status = 1;
    }
}

/* A number, or the character behind a quote. */
static intmax_t next_integer(struct printing *printing, bool is_signed)
{
    const char *text = next_argument(printing);
    char *end;
    intmax_t value;

    if (!text) {
        return 0;
    }
    if (*text == '"' || *text == '\'') {
        return (unsigned char)text[1];
    }
    errno = 0;
    value = is_signed ? strtoimax(text, &end, 0) : (intmax_t)strtoumax(text, &end, 0);
    check_number(printing, text, end);
    return value;
}

static double next_real(struct printing *printing)
{
    const char *text = next_argument(printing);
    char *end;
    double value;

    if (!text) {
        return 0;
    }
    if (*text == '"' || *text == '\'') {
        return (unsigned char)text[1];
    }
    errno = 0;
    value = strtod(text, &end);
    check_number(printing, text, end);
    return value;
}

static void add(struct directive *directive, const char *text)
{
    size_t length = strlen(text);

    if (directive->length + length < sizeof(directive->text)) {
        memcpy(directive->text + directive->length, text, length + 1);
        directive->length += length;
    } else {
        directive->overflown = true;
    }
}

/* A width or precision: digits, or * for an argument. */
static const char *read_size(struct printing *printing, struct directive *directive,
                             const char *format)
{
    char number[16];

    if (*format == '*') {
        (void)snprintf(number, sizeof(number), "%d", (int)next_integer(printing, true));
        add(directive, number);
        return format + 1;
    }
    while (isdigit((unsigned char)*format)) {
        char digit[2] = {*format++, 0};

        add(directive, digit);
    }
    return format;
}

/* SAFETY: the format is made of what print_directive() has read: flags, sizes and one letter that
 * fits the type. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
static void print_integer(struct directive *directive, char letter, intmax_t value)
{
    char end[] = {'j', letter, 0};

    add(directive, end);
    printf(directive->text, value);
}

static void print_real(struct directive *directive, char letter, double value)
{
    char end[] = {letter, 0};

    add(directive, end);
    printf(directive->text, value);
}

static void print_text(struct directive *directive, const char *value)
{
    add(directive, "s");
    printf(directive->text, value);
}

static void print_character(struct directive *directive, char value)
{
    add(directive, "c");
    printf(directive->text, value);
}
#pragma clang diagnostic pop

/* %b: escapes in the argument; the sizes count what comes out. */
static void print_escaped(struct printing *printing, struct directive *directive)
{
    const char *text = next_argument(printing);

    if (strcmp(directive->text, "%") == 0) {
        printing->stop = text && !escape_print(text, true);
        return;
    }
    char *plain = strdup(text ? text : "");
    char *end = plain;

    while (plain && text && *text) {
        int byte = (unsigned char)*text++;

        if (byte == '\\') {
            if (*text == 'c') {
                printing->stop = true;
                break;
            }
            byte = escape_read(&text, true);
            byte = byte < 0 ? '\\' : byte;
        }
        *end++ = (char)byte;
    }
    if (plain) {
        *end = 0;
        print_text(directive, plain);
    }
    free(plain);
}

/* Behind the %; returns behind the directive, NULL, reported, for a bad one. */
static const char *print_directive(struct printing *printing, const char *format)
{
    struct directive directive = {.text = "%", .length = 1};
    const char *start = format;
    const char *text;

    while (*format && strchr("-+ #0", *format)) {
        char flag[2] = {*format++, 0};

        add(&directive, flag);
    }
    format = read_size(printing, &directive, format);
    if (*format == '.') {
        add(&directive, ".");
        format = read_size(printing, &directive, format + 1);
    }
    /* What is too long is no directive; a letter and its size fit behind. */
    switch (directive.overflown || directive.length > FLAGS_MAX ? 0 : *format) {
    case 'd':
    case 'i':
        print_integer(&directive, *format, next_integer(printing, true));
        break;
    case 'o':
    case 'u':
    case 'x':
    case 'X':
        print_integer(&directive, *format, next_integer(printing, false));
        break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
        print_real(&directive, *format, next_real(printing));
        break;
    case 'c':
        text = next_argument(printing);
        if (text && *text) {
            print_character(&directive, *text);
        }
        break;
    case 's':
        text = next_argument(printing);
        print_text(&directive, text ? text : "");
        break;
    case 'b':
        print_escaped(printing, &directive);
        break;
    default:
        (void)fprintf(stderr, "printf: %%%.*s: invalid directive\n",
                      (int)(format - start) + (*format != 0), start);
        printing->status = 1;
        return NULL;
    }
    return format + 1;
}

/* The format once. False if nothing more is to be printed. */
static bool print_once(struct printing *printing, const char *format)
{
    while (format && *format && !printing->stop) {
        int byte;

        if (*format == '%' && format[1] == '%') {
            putchar('%');
            format += 2;
        } else if (*format == '%') {
            format = print_directive(printing, format + 1);
        } else if (*format == '\\' && format[1] == 'c') {
            return false;
        } else if (*format == '\\') {
            format++;
            byte = escape_read(&format, false);
            putchar(byte < 0 ? '\\' : byte);
        } else {
            putchar(*format++);
        }
    }
    return format && !printing->stop;
}

int printf_main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
    struct printing printing = {0};

    if (argc <= first) {
        (void)fprintf(stderr, "usage: printf FORMAT [ARGUMENT...]\n");
        return 2;
    }
    printing.next = argv + first + 1;
    for (;;) {
        char **before = printing.next;

        /* Once more for the arguments that are left, unless the format takes none. */
        if (!print_once(&printing, argv[first]) || !*printing.next || printing.next == before) {
            return printing.status;
        }
    }
}
