/* SPDX-License-Identifier: MIT */
/*
 * Formatted text: the part of printf that a kernel needs, with nothing below it.
 *
 * A directive is % [-] [0] [width] [.precision] [l|ll|z] and one of
 *
 *     d i u x X   integers        c   one character        p   a pointer, as 0x and hex digits
 *     s           a string, NULL prints (null); a precision bounds how much of it is read
 *     %           itself
 *
 * Width and precision are numbers or *. A precision on anything but a string is ignored. An unknown
 * directive is printed as it stands and takes no argument; the compiler's format check finds it
 * first.
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

/* Hands the text to `put` in pieces, in order, and returns its length. */
size_t format_sink(void (*put)(void *context, const char *text, size_t length), void *context,
                   const char *format, ...) FORMAT_PRINTF(3, 4);
size_t vformat_sink(void (*put)(void *context, const char *text, size_t length), void *context,
                    const char *format, va_list arguments) FORMAT_PRINTF(3, 0);
