/* SPDX-License-Identifier: MIT */
/* Backslash sequences as echo, printf and tr know them. */
#pragma once

#include <stdbool.h>

/* Reads the sequence behind the backslash at *text, which goes on behind it. Returns the byte, or
 * -1 for one that is none (nothing is taken then). `octal_zero`: octal numbers begin with a 0. */
int escape_read(const char **text, bool octal_zero);
/* Prints a text with its sequences. False if a \c says that nothing follows. */
bool escape_print(const char *text, bool octal_zero);
