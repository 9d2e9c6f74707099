/* SPDX-License-Identifier: MIT */
/* Starting a program with this one's files, directories and environment. */
#pragma once

#include <stdint.h>

/* Looks for it where PATH says, if there is no slash in its name. 0, or an error number (positive:
 * Linux's, as proc has it). */
int64_t start_program(int count, char **arguments, int32_t *ret_pid);
