/* SPDX-License-Identifier: MIT */
#include "escape.h"

#include <stdio.h>
#include <string.h>

static int read_octal(const char **text, int digits)
{
    int value = 0;

    while (digits-- > 0 && **text >= '0' && **text <= '7') {
        value = 8 * value + *(*text)++ - '0';
    }
    return value & 255;
}

int escape_read(const char **text, bool octal_zero)
{
    static const char letters[] = "abfnrtv\\e";
    static const char bytes[] = "\a\b\f\n\r\t\v\\\033";
    const char *letter;

    if (!**text) {
        return -1;
    }
    if (octal_zero && **text == '0') {
        (*text)++;
        return read_octal(text, 3);
    }
    if (**text >= '0' && **text <= '7') {
        return octal_zero ? -1 : read_octal(text, 3);
    }
    letter = strchr(letters, **text);
    if (!letter) {
        return -1;
    }
    (*text)++;
    return (unsigned char)bytes[letter - letters];
}

bool escape_print(const char *text, bool octal_zero)
{
    while (*text) {
        int byte;

        if (*text != '\\') {
            putchar(*text++);
            continue;
        }
        if (text[1] == 'c') {
            return false;
        }
        text++;
        byte = escape_read(&text, octal_zero);
        putchar(byte < 0 ? '\\' : byte);
    }
    return true;
}
