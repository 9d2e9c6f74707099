/* SPDX-License-Identifier: MIT */
/*
 * For test programs that need a second process: they start themselves again. The archive's "init"
 * is the program that runs; a child knows that it is one by its arguments.
 */
#pragma once

#include <quay/spawn.h>

#define SELF_HANDLES_MAX 16

/* Starts this program in `job` with arguments { "child", role, number } and these handles, to which
 * `job` is added. 0 and the process, or a negative error number. */
QY_MUST_USE int self_spawn(const char *role, uint64_t number, handle_t job,
                           const struct qy_spawn_handle *handles, uint32_t handle_count,
                           handle_t *ret_process);

/* A copy of a handle for a child, found there as BOOTSTRAP_MEMORY by this name. */
static inline struct qy_spawn_handle self_handle(handle_t handle, const char *name)
{
    return (struct qy_spawn_handle){handle, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_MEMORY, 0, name};
}
