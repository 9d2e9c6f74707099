/* SPDX-License-Identifier: MIT */
/* $(( )): integers of 64 bits with the operators of C, which wrap around. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* False, reported, for an expression that is none. */
bool arithmetic_evaluate(const char *expression, int64_t *ret_value);
