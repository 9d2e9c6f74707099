/* SPDX-License-Identifier: MIT */
/* The command `call`, which is a program as well (programs/call). */
#pragma once

#include <stdbool.h>

/* Does what the words say, and prints what comes of it: false if there was no answer, or an error.
 * words[0] is its name. */
bool call_run(int count, char **words);
