/* SPDX-License-Identifier: MIT */
#include "text_file.h"
#include <quay/heap.h>

#define LINE_MAX 512

struct text_file *text_file_new(void)
{
    return qy_alloc_zeroed(1, sizeof(struct text_file));
}

void text_file_add(struct text_file *text, const void *bytes, uint32_t size)
{
    if (size > text->capacity - text->size) {
        uint32_t capacity = (text->size + size) * 2;
        char *grown = qy_realloc(text->bytes, capacity);
        if (grown == NULL) {
            text->is_short = true;
            return;
        }
        text->bytes = grown;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

void text_file_print(struct text_file *text, const char *format, ...)
{
    char line[LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    size_t length = qy_vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text_file_add(text, line, length < sizeof line ? (uint32_t)length : sizeof line - 1);
}

void text_file_free(struct text_file *text)
{
    if (text != NULL) {
        qy_free(text->bytes);
        qy_free(text);
    }
}
