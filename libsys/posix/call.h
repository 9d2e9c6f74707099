/* SPDX-License-Identifier: MIT */
/*
 * Serving system calls. calls.def is the table: one line for each call that there is, and a
 * function posix_<name> for each line, which gets the guest's registers as they are, all 64 bits of
 * them: what is an int is cast by the function. It returns what goes to rax: a result, or the
 * negative of a Linux error number. Calls that have no line are ENOSYS, and counted.
 *
 * A function that waits and finds -EINTR returns it; whether the guest sees it is decided on the
 * way back (calls.def: RESTART), when it is known whether a handler runs.
 */
#pragma once

#include <quay/syscall.h>
#include <stdbool.h>
#include "linux.h"

#define POSIX_CALL_COUNT 512 /* their numbers are below */

/* What a handled signal does to a call; calls.def. Where none is handled it is made again. */
enum posix_restart {
    POSIX_FINAL,
    POSIX_RESTART,
    POSIX_WHOLE
};

#define POSIX_PARAMETERS_0 (void)
#define POSIX_PARAMETERS_1 (uint64_t)
#define POSIX_PARAMETERS_2 (uint64_t, uint64_t)
#define POSIX_PARAMETERS_3 (uint64_t, uint64_t, uint64_t)
#define POSIX_PARAMETERS_4 (uint64_t, uint64_t, uint64_t, uint64_t)
#define POSIX_PARAMETERS_5 (uint64_t, uint64_t, uint64_t, uint64_t, uint64_t)
#define POSIX_PARAMETERS_6 (uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t)

#define POSIX_CALL(number, name, count, restart) int64_t posix_##name POSIX_PARAMETERS_##count;
#include "calls.def"
#undef POSIX_CALL

enum {
#define POSIX_CALL(number, name, count, restart) POSIX_CALL_##name = number,
#include "calls.def"
#undef POSIX_CALL
};

struct thread_registers;

/* Serves the call that stands in the registers. */
int64_t posix_call_serve(const struct thread_registers *registers);

/* What a call to a server, or to the kernel, comes to for a guest: 0 and more, protocols' errors
 * (positive, if `status` is what a generated client returned) and the transport's, as one negative
 * Linux error number. */
int64_t posix_error(int64_t status);

/* What calls.def says. */
enum posix_restart posix_call_restart(int64_t number);
