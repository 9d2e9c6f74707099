/* SPDX-License-Identifier: MIT */
#include <quay/text.h>

/* Where the text goes: counts all of it, keeps what fits. */
struct sink {
    char *buffer;
    size_t size;
    size_t length;
};

struct directive {
    bool left, zero;
    int width;
    int precision; /* -1: none */
    int longs;     /* 'l' or 'z' seen */
};

static void put(struct sink *sink, char character)
{
    if (sink->length + 1 < sink->size) {
        sink->buffer[sink->length] = character;
    }
    sink->length++;
}

static void put_padded(struct sink *sink, const struct directive *directive, const char *prefix,
                       const char *text, size_t length)
{
    size_t prefix_length = strlen(prefix);
    size_t width = directive->width > 0 ? (size_t)directive->width : 0;
    size_t padding = width > length + prefix_length ? width - length - prefix_length : 0;
    if (!directive->left && !directive->zero) {
        for (; padding > 0; padding--) {
            put(sink, ' ');
        }
    }
    while (*prefix != 0) {
        put(sink, *prefix++);
    }
    if (!directive->left) {
        for (; padding > 0; padding--) {
            put(sink, '0');
        }
    }
    for (size_t i = 0; i < length; i++) {
        put(sink, text[i]);
    }
    for (; padding > 0; padding--) {
        put(sink, ' ');
    }
}

static void put_number(struct sink *sink, const struct directive *directive, uint64_t value,
                       uint64_t base, bool upper, const char *prefix)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    size_t at = sizeof text;
    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value > 0);
    put_padded(sink, directive, prefix, text + at, sizeof text - at);
}

static void put_string(struct sink *sink, struct directive *directive, const char *text)
{
    if (text == NULL) {
        text = "(null)";
    }
    size_t length =
        directive->precision >= 0 ? qy_strnlen(text, (size_t)directive->precision) : strlen(text);
    directive->zero = false;
    put_padded(sink, directive, "", text, length);
}

static int number_parse(const char **format)
{
    int value = 0;
    while (**format >= '0' && **format <= '9' && value < 100000) {
        value = value * 10 + (*(*format)++ - '0');
    }
    return value;
}

struct arguments {
    va_list list;
};

static uint64_t unsigned_take(struct arguments *arguments, int longs)
{
    return longs > 0 ? va_arg(arguments->list, unsigned long)
                     : va_arg(arguments->list, unsigned int);
}

static int64_t signed_take(struct arguments *arguments, int longs)
{
    return longs > 0 ? va_arg(arguments->list, long) : va_arg(arguments->list, int);
}

/* Reads flags, width, precision and size; leaves *format at the conversion. */
static struct directive directive_parse(const char **format, struct arguments *arguments)
{
    struct directive directive = {.precision = -1};
    for (;; (*format)++) {
        if (**format == '-') {
            directive.left = true;
        } else if (**format == '0') {
            directive.zero = true;
        } else {
            break;
        }
    }
    if (**format == '*') {
        (*format)++;
        directive.width = va_arg(arguments->list, int);
        if (directive.width < 0) {
            directive.left = true;
            directive.width = directive.width > -100000 ? -directive.width : 100000;
        }
    } else {
        directive.width = number_parse(format);
    }
    if (**format == '.') {
        (*format)++;
        if (**format == '*') {
            (*format)++;
            directive.precision = va_arg(arguments->list, int);
        } else {
            directive.precision = number_parse(format);
        }
    }
    while (**format == 'l' || **format == 'z') {
        directive.longs++;
        (*format)++;
    }
    return directive;
}

static void convert(struct sink *sink, char conversion, struct directive *directive,
                    struct arguments *arguments)
{
    int64_t value;
    char character;
    switch (conversion) {
    case 'd':
    case 'i':
        value = signed_take(arguments, directive->longs);
        put_number(sink, directive, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, false,
                   value < 0 ? "-" : "");
        break;
    case 'u':
        put_number(sink, directive, unsigned_take(arguments, directive->longs), 10, false, "");
        break;
    case 'x':
    case 'X':
        put_number(sink, directive, unsigned_take(arguments, directive->longs), 16,
                   conversion == 'X', "");
        break;
    case 'p':
        put_number(sink, directive, (uint64_t)va_arg(arguments->list, void *), 16, false, "0x");
        break;
    case 'c':
        character = (char)va_arg(arguments->list, int);
        directive->zero = false;
        put_padded(sink, directive, "", &character, 1);
        break;
    case 's':
        put_string(sink, directive, va_arg(arguments->list, const char *));
        break;
    default: /* the compiler's format check finds it first */
        put(sink, conversion);
        break;
    }
}

size_t qy_vsnprintf(char *buffer, size_t size, const char *format, va_list list)
{
    struct sink sink = {.buffer = buffer, .size = size};
    struct arguments arguments;
    va_copy(arguments.list, list);
    while (*format != 0) {
        if (*format != '%') {
            put(&sink, *format++);
            continue;
        }
        format++;
        struct directive directive = directive_parse(&format, &arguments);
        if (*format == 0) {
            break;
        }
        convert(&sink, *format++, &directive, &arguments);
    }
    va_end(arguments.list);
    if (size > 0) {
        buffer[sink.length < size ? sink.length : size - 1] = 0;
    }
    return sink.length;
}

size_t qy_snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t length = qy_vsnprintf(buffer, size, format, list);
    va_end(list);
    return length;
}
