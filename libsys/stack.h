/* SPDX-License-Identifier: MIT */
/*
 * Between the files of libsys: stacks. Each lies at the top of a window of its own
 * (QY_STACK_WINDOW, quay/thread.h), a guard page below it.
 */
#pragma once

#include <quay/syscall.h>
#include <quay/thread.h>
#include <stdbool.h>

/* Makes a stack in an address space, this program's own or a new one's, paid by `job`: size_bytes
 * usable (whole pages) and the guard page. Returns the lowest usable address, or -EINVAL (too
 * large) or another error; what is to be unmapped later begins one page below. */
int64_t qy_stack_map(handle_t job, handle_t aspace, uint64_t size_bytes, bool is_own);
