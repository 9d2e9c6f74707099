/* SPDX-License-Identifier: MIT */
/*
 * Memory, strings and formatted text.
 *
 * A directive is % [-] [0] [width] [.precision] [l|ll|z] and one of d i u x X c s p %; width and
 * precision are numbers or *. A precision bounds how much of a string is read.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QY_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Under their C names, because compilers call them. */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

size_t qy_strnlen(const char *text, size_t size);
int qy_strcmp(const char *a, const char *b);
bool qy_streq(const char *a, const char *b);

/* Copies with truncation; the result is always terminated. Returns the length of `from`. */
size_t qy_strlcpy(char *to, const char *from, size_t size);

/* A whole decimal or 0x number and nothing else: 0, -EINVAL (not a number), -ERANGE (too big). */
int qy_parse_u64(const char *text, uint64_t *ret_value);

/* Writes at most `size` bytes, the terminating 0 included, which is always there unless size is 0.
 * Returns the length of the full text. */
size_t qy_snprintf(char *buffer, size_t size, const char *format, ...) QY_PRINTF(3, 4);
size_t qy_vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
    QY_PRINTF(3, 0);

/* Text about an error number, positive or negative: "no such handle (EBADF)". */
const char *qy_error_text(int64_t error);

/* Where qy_printf writes. The default is the kernel log. */
typedef void qy_output_fn(void *context, const char *text, size_t length);
void qy_output_set(qy_output_fn *output, void *context);

/* At most 512 bytes at a time; longer text is cut. */
void qy_printf(const char *format, ...) QY_PRINTF(1, 2);

/* One line to the kernel log, with the program's name in front. */
void qy_log(const char *format, ...) QY_PRINTF(1, 2);
