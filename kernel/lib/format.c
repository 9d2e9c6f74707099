/* SPDX-License-Identifier: MIT */
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

/* Where the text goes, and how much went there. */
struct format_output {
    void (*put)(void *context, const char *text, size_t length);
    void *context;
    size_t length;
};

enum format_size {
    SIZE_INT,
    SIZE_LONG,
    SIZE_LONG_LONG,
    SIZE_SIZE
};

/* One directive, parsed. */
struct format_directive {
    bool is_left;
    bool is_zero_padded;
    bool has_precision;
    size_t width;
    size_t precision;
    enum format_size size;
};

/* Decimal digits of a 64-bit number, its sign and "0x" fit. */
enum {
    NUMBER_SIZE = 24
};

static void format_put(struct format_output *output, const char *text, size_t length)
{
    if (length != 0) {
        output->put(output->context, text, length);
        output->length += length;
    }
}

static void format_repeat(struct format_output *output, char character, size_t count)
{
    for (; count > 0; count--) {
        format_put(output, &character, 1);
    }
}

/* Puts `text` padded to the width; zeros go between the first `prefix_length` bytes and the rest.
 */
static void format_field(struct format_output *output, const struct format_directive *directive,
                         const char *text, size_t length, size_t prefix_length)
{
    size_t padding = directive->width > length ? directive->width - length : 0;
    bool use_zeros = directive->is_zero_padded && !directive->is_left;

    if (!directive->is_left && !use_zeros) {
        format_repeat(output, ' ', padding);
    }
    format_put(output, text, prefix_length);
    if (use_zeros) {
        format_repeat(output, '0', padding);
    }
    format_put(output, text + prefix_length, length - prefix_length);
    if (directive->is_left) {
        format_repeat(output, ' ', padding);
    }
}

static void format_number(struct format_output *output, const struct format_directive *directive,
                          const char *prefix, uint64_t value, unsigned base, const char *digits)
{
    char reversed[NUMBER_SIZE];
    char text[NUMBER_SIZE];
    size_t count = 0;
    size_t length = 0;
    size_t prefix_length;

    do {
        reversed[count++] = digits[value % base];
        value /= base;
    } while (value != 0);
    while (*prefix != '\0') {
        text[length++] = *prefix++;
    }
    prefix_length = length;
    while (count > 0) {
        text[length++] = reversed[--count];
    }
    format_field(output, directive, text, length, prefix_length);
}

static void format_string(struct format_output *output, const struct format_directive *directive,
                          const char *text)
{
    struct format_directive field = *directive;
    size_t length = 0;

    if (text == NULL) {
        text = "(null)";
    }
    while (!(directive->has_precision && length == directive->precision) && text[length] != '\0') {
        length++;
    }
    field.is_zero_padded = false;
    format_field(output, &field, text, length, 0);
}

/* A va_list cannot be passed by pointer portably once it is a parameter; inside a struct it can. */
struct format_arguments {
    va_list list;
};

static uint64_t format_take_unsigned(struct format_arguments *arguments, enum format_size size)
{
    switch (size) {
    case SIZE_INT:
        return va_arg(arguments->list, unsigned int);
    case SIZE_LONG:
        return va_arg(arguments->list, unsigned long);
    case SIZE_LONG_LONG:
        return va_arg(arguments->list, unsigned long long);
    case SIZE_SIZE:
        return va_arg(arguments->list, size_t);
    }
    UNREACHABLE();
}

static int64_t format_take_signed(struct format_arguments *arguments, enum format_size size)
{
    switch (size) {
    case SIZE_INT:
        return va_arg(arguments->list, int);
    case SIZE_LONG:
        return va_arg(arguments->list, long);
    case SIZE_LONG_LONG:
        return va_arg(arguments->list, long long);
    case SIZE_SIZE:
        return va_arg(arguments->list, ptrdiff_t);
    }
    UNREACHABLE();
}

/* Reads a number or *, advances `*format`; a negative * argument counts as 0. */
static size_t format_parse_number(const char **format, struct format_arguments *arguments)
{
    size_t number = 0;

    if (**format == '*') {
        int value = va_arg(arguments->list, int);

        (*format)++;
        return value > 0 ? (size_t)value : 0;
    }
    for (; **format >= '0' && **format <= '9'; (*format)++) {
        number = number * 10 + (size_t)(**format - '0');
    }
    return number;
}

/* Parses what stands between the % and the conversion; advances `*format` to the latter. */
static struct format_directive format_parse(const char **format, struct format_arguments *arguments)
{
    struct format_directive directive = {.size = SIZE_INT};

    for (; **format == '-' || **format == '0'; (*format)++) {
        if (**format == '-') {
            directive.is_left = true;
        } else {
            directive.is_zero_padded = true;
        }
    }
    directive.width = format_parse_number(format, arguments);
    if (**format == '.') {
        (*format)++;
        directive.has_precision = true;
        directive.precision = format_parse_number(format, arguments);
    }
    if (**format == 'z') {
        (*format)++;
        directive.size = SIZE_SIZE;
    }
    for (; **format == 'l' && directive.size < SIZE_LONG_LONG; (*format)++) {
        directive.size++;
    }
    return directive;
}

/* Converts one argument; false if the conversion is unknown, and nothing is put. */
static bool format_convert(struct format_output *output, const struct format_directive *directive,
                           char conversion, struct format_arguments *arguments)
{
    static const char lower_digits[] = "0123456789abcdef";
    static const char upper_digits[] = "0123456789ABCDEF";
    int64_t number;
    char character;

    switch (conversion) {
    case 'd':
    case 'i':
        number = format_take_signed(arguments, directive->size);
        format_number(output, directive, number < 0 ? "-" : "",
                      number < 0 ? -(uint64_t)number : (uint64_t)number, 10, lower_digits);
        return true;
    case 'u':
        format_number(output, directive, "", format_take_unsigned(arguments, directive->size), 10,
                      lower_digits);
        return true;
    case 'x':
        format_number(output, directive, "", format_take_unsigned(arguments, directive->size), 16,
                      lower_digits);
        return true;
    case 'X':
        format_number(output, directive, "", format_take_unsigned(arguments, directive->size), 16,
                      upper_digits);
        return true;
    case 'p':
        format_number(output, directive, "0x", (uintptr_t)va_arg(arguments->list, void *), 16,
                      lower_digits);
        return true;
    case 'c':
        character = (char)va_arg(arguments->list, int);
        format_field(output, directive, &character, 1, 1);
        return true;
    case 's':
        format_string(output, directive, va_arg(arguments->list, const char *));
        return true;
    case '%':
        format_put(output, "%", 1);
        return true;
    default:
        return false;
    }
}

size_t vformat_sink(void (*put)(void *context, const char *text, size_t length), void *context,
                    const char *format, va_list arguments)
{
    struct format_output output = {.put = put, .context = context};
    struct format_arguments list;

    va_copy(list.list, arguments);
    while (*format != '\0') {
        const char *start = format;

        if (*format != '%') {
            while (*format != '\0' && *format != '%') {
                format++;
            }
            format_put(&output, start, (size_t)(format - start));
            continue;
        }
        format++;
        struct format_directive directive = format_parse(&format, &list);

        if (*format == '\0' || !format_convert(&output, &directive, *format, &list)) {
            format_put(&output, start, (size_t)(format - start));
            continue; /* the unknown conversion, if any, is printed as plain text next */
        }
        format++;
    }
    va_end(list.list);
    return output.length;
}

size_t format_sink(void (*put)(void *context, const char *text, size_t length), void *context,
                   const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = vformat_sink(put, context, format, arguments);
    va_end(arguments);
    return length;
}

/* A buffer that takes what fits and drops the rest. */
struct format_target {
    char *buffer;
    size_t size;
    size_t used;
};

static void format_target_put(void *context, const char *text, size_t length)
{
    struct format_target *target = context;

    for (size_t i = 0; i < length && target->used + 1 < target->size; i++) {
        target->buffer[target->used++] = text[i];
    }
}

size_t vformat_buffer(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct format_target target = {.buffer = buffer, .size = size};
    size_t length = vformat_sink(format_target_put, &target, format, arguments);

    if (size != 0) {
        buffer[target.used] = '\0';
    }
    return length;
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
