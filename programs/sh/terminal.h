/* SPDX-License-Identifier: MIT */
/* The terminal while a line is edited: byte by byte, without echo; and keys from the bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Keys that are no character; characters are themselves. */
enum key {
    KEY_END = -1,
    KEY_INTERRUPT = -2,
    KEY_NONE = -3, /* bytes that mean nothing */
    KEY_UP = -10,
    KEY_DOWN = -11,
    KEY_LEFT = -12,
    KEY_RIGHT = -13,
    KEY_HOME = -14,
    KEY_LAST = -15,
    KEY_DELETE = -16,
    KEY_WORD_LEFT = -17,
    KEY_WORD_RIGHT = -18,
    KEY_DELETE_WORD = -19,   /* meta-d */
    KEY_RUBOUT_WORD = -20,   /* meta-backspace */
    KEY_FIRST = -21,         /* meta-< */
    KEY_LAST_LINE = -22,     /* meta-> */
    KEY_LAST_ARGUMENT = -23, /* meta-. */
    KEY_UPPER = -24,
    KEY_LOWER = -25,
    KEY_CAPITAL = -26,
};

/* False if standard input is no terminal that can be changed. */
bool terminal_begin(void);
void terminal_end(void);
unsigned terminal_columns(void);
/* The next key: a character of Unicode, or one of enum key. */
int terminal_read_key(void);
void terminal_write(const char *bytes, size_t length);
