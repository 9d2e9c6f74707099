/* SPDX-License-Identifier: MIT */
/* Results of Linux programs in the Test Anything Protocol, on standard output. */
#pragma once

#include <errno.h>
#include <stdbool.h>

/* One result, with its name, and errno if it is a bad one; returns is_ok. */
bool ok(bool is_ok, const char *what);

/* That the call failed with this error. */
#define FAILS(call, error) (errno = 0, (long)(call) == -1 && errno == (error))

/* The plan; main's result: 0 if nothing has failed. */
int ok_end(void);
