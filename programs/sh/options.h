/* SPDX-License-Identifier: MIT */
/* The options of the command line and of set: letters and long names for flags of the shell. */
#pragma once

#include <stdbool.h>

/* Sets or clears one; false if there is no such letter or name. */
bool options_set_letter(char letter, bool on);
bool options_set_name(const char *name, bool on);
/* The letters that are on, for $-. The caller frees it. */
char *options_letters(void);
/* set -o and set +o */
void options_print(bool as_commands);
