/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/* Prints words with a space between them; a \c in them, if `escapes`, ends all. */
void echo_print(char **words, bool escapes, bool newline);
