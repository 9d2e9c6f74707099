/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static void reserve(struct buffer *buffer, size_t more)
{
    if (buffer->capacity - buffer->length > more) {
        return;
    }
    buffer->capacity = 2 * buffer->capacity + more + 32;
    buffer->bytes = memory_resize(buffer->bytes, buffer->capacity);
}

void buffer_add(struct buffer *buffer, int byte)
{
    reserve(buffer, 1);
    buffer->bytes[buffer->length++] = (char)byte;
}

void buffer_append(struct buffer *buffer, const char *bytes, size_t length)
{
    buffer_insert(buffer, buffer->length, bytes, length);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_insert(struct buffer *buffer, size_t where, const char *bytes, size_t length)
{
    reserve(buffer, length);
    memmove(buffer->bytes + where + length, buffer->bytes + where, buffer->length - where);
    if (length) {
        memcpy(buffer->bytes + where, bytes, length);
    }
    buffer->length += length;
}

void buffer_remove(struct buffer *buffer, size_t where, size_t length)
{
    buffer->length -= length;
    memmove(buffer->bytes + where, buffer->bytes + where + length, buffer->length - where);
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    char text[200];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length < 0) {
        return;
    }
    if ((size_t)length < sizeof(text)) {
        buffer_append(buffer, text, (size_t)length);
        return;
    }
    reserve(buffer, (size_t)length + 1);
    va_start(arguments, format);
    (void)vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
}

char *buffer_text(struct buffer *buffer)
{
    reserve(buffer, 1);
    buffer->bytes[buffer->length] = 0;
    return buffer->bytes;
}

char *buffer_take(struct buffer *buffer)
{
    char *text = buffer_text(buffer);

    *buffer = (struct buffer){0};
    return text;
}

void buffer_fini(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}
