/* SPDX-License-Identifier: MIT */
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#define FIELD_MAX 32 /* 64 bits in decimal, and the sign, fit */

/* A buffer that takes what fits, and how long the text would be. */
struct output {
    char *buffer;
    size_t size;
    size_t length;
};

/* What stands between the % and the conversion. */
struct directive {
    size_t width;
    bool has_zeros, is_long;
};

static void put(struct output *output, char character)
{
    if (output->length + 1 < output->size) {
        output->buffer[output->length] = character;
    }
    output->length++;
}

static void put_string(struct output *output, const char *text)
{
    for (; *text != '\0'; text++) {
        put(output, *text);
    }
}

static void put_number(struct output *output, const struct directive *directive, uint64_t value,
                       unsigned base, bool is_negative)
{
    char reversed[FIELD_MAX];
    size_t count = 0;

    do {
        reversed[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (directive->has_zeros && count + is_negative < directive->width) {
        reversed[count++] = '0';
    }
    if (is_negative) {
        reversed[count++] = '-';
    }
    while (count < directive->width) {
        reversed[count++] = ' ';
    }
    while (count > 0) {
        put(output, reversed[--count]);
    }
}

/* Returns where the conversion stands. */
static const char *parse(const char *format, struct directive *ret_directive)
{
    struct directive directive = {.has_zeros = *format == '0'};

    for (; *format >= '0' && *format <= '9'; format++) {
        directive.width = directive.width * 10 + (size_t)(*format - '0');
        directive.width = directive.width < FIELD_MAX ? directive.width : FIELD_MAX;
    }
    for (; *format == 'l' || *format == 'z'; format++) {
        directive.is_long = true;
    }
    *ret_directive = directive;
    return format;
}

size_t vformat_buffer(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct output output = {.buffer = buffer, .size = size};

    for (; *format != '\0'; format++) {
        struct directive directive;
        const char *conversion, *text;
        int64_t number;

        if (*format != '%') {
            put(&output, *format);
            continue;
        }
        conversion = parse(format + 1, &directive);
        switch (*conversion) {
        case 'd':
            number = directive.is_long ? va_arg(arguments, long) : va_arg(arguments, int);
            put_number(&output, &directive, number < 0 ? -(uint64_t)number : (uint64_t)number, 10,
                       number < 0);
            break;
        case 'u':
        case 'x':
            put_number(&output, &directive,
                       directive.is_long ? va_arg(arguments, unsigned long)
                                         : va_arg(arguments, unsigned),
                       *conversion == 'u' ? 10 : 16, false);
            break;
        case 'p':
            put_string(&output, "0x");
            put_number(&output, &directive, (uintptr_t)va_arg(arguments, void *), 16, false);
            break;
        case 'c':
            put(&output, (char)va_arg(arguments, int));
            break;
        case 's':
            text = va_arg(arguments, const char *);
            put_string(&output, text != NULL ? text : "(null)");
            break;
        case '%':
            put(&output, '%');
            break;
        default:
            put(&output, '%');
            continue; /* the rest of it is printed as plain text */
        }
        format = conversion;
    }
    if (size != 0) {
        buffer[output.length < size ? output.length : size - 1] = '\0';
    }
    return output.length;
}

size_t format_buffer(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = vformat_buffer(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
