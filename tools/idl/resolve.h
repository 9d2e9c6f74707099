/* SPDX-License-Identifier: MIT */
/* Names become declarations, and expressions numbers. */
#pragma once

#include "ast.h"

/* The protocol above is what every server has beside (QY_METHOD_RESERVED). */
#define PROTOCOL_MAX 0x7ffeu

struct resolver {
    struct diagnostics *diagnostics;
    struct library *library;
};

/* Every type, bound, constant and error of the library. Its usings must be loaded. */
void resolve_run(struct diagnostics *diagnostics, struct library *library);

/* The number of a value in any of the ways to write it; false after an error was reported. */
bool resolve_number(struct resolver *resolver, struct value *value, const char *what,
                    number_t *ret_number);
