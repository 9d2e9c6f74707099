/* SPDX-License-Identifier: MIT */
/* A text that grows. A zeroed one is empty; buffer_fini() leaves an empty one. */
#pragma once

#include <stddef.h>

struct buffer {
    char *bytes;
    size_t length;
    size_t capacity;
};

void buffer_add(struct buffer *buffer, int byte);
void buffer_append(struct buffer *buffer, const char *bytes, size_t length);
void buffer_append_text(struct buffer *buffer, const char *text);
/* Puts bytes in front of the one at `where`. */
void buffer_insert(struct buffer *buffer, size_t where, const char *bytes, size_t length);
void buffer_remove(struct buffer *buffer, size_t where, size_t length);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The text with a NUL behind it, valid until the buffer changes. */
char *buffer_text(struct buffer *buffer);
/* The same, but it belongs to the caller now; the buffer is empty. */
char *buffer_take(struct buffer *buffer);
void buffer_fini(struct buffer *buffer);
