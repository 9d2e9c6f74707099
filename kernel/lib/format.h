/* SPDX-License-Identifier: MIT */
/*
 * Formatted text: the part of printf that a kernel's log needs, with nothing below it.
 *
 * A directive is % [0] [width] [l|ll|z] and one of
 *
 *     d u x     integers                  c   one character
 *     p         a pointer, as 0x and hex digits
 *     s         a string, NULL prints (null); without width
 *     %         itself
 *
 * A width over 32 counts as 32. An unknown directive is printed as it stands and takes no argument;
 * the compiler's format check finds what no printf has, and a test what only this one has not.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "lib/compiler.h"

/*
 * Writes at most `size` bytes, the terminating 0 included, which is always there unless size is 0.
 * Returns the length of the full text without the 0: the text was cut if that is >= size.
 */
size_t format_buffer(char *buffer, size_t size, const char *format, ...) FORMAT_PRINTF(3, 4);
size_t vformat_buffer(char *buffer, size_t size, const char *format, va_list arguments)
    FORMAT_PRINTF(3, 0);
