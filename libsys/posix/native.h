/* SPDX-License-Identifier: MIT */
/*
 * Starting a program of Quay in place of a guest. It gets a bootstrap block, in which the open
 * descriptors are BOOTSTRAP_FILE, and `proc`, `names`, `root` and `cwd` sessions by name; a stack,
 * and a new thread. The layer stays mapped, and is not used any more.
 */
#pragma once

#include "arguments.h"

struct posix_native;

/* Makes what can fail: 0, -E2BIG (arguments have to fit in BOOTSTRAP_SIZE_MAX) or -ENOMEM. */
QY_MUST_USE int64_t posix_native_prepare(const struct posix_arguments *arguments,
                                         struct posix_native **ret_native);
void posix_native_free(struct posix_native *native);

/* The program is loaded: the calling thread ends, and the program's begins. */
QY_NORETURN void posix_native_run(struct posix_native *native, uint64_t entry);
