/* SPDX-License-Identifier: MIT */
/*
 * Handles: the only kind of authority. A handle is a number that means something in one process
 * only. A duplicate never has more rights than its origin, and belongs to it: revoking the origin
 * closes every duplicate, wherever it went.
 */
#pragma once

#include <quay/syscall.h>
#include <quay/abi/ipc.h>
#include <quay/abi/object.h>

/* Closes a handle. Also the way to give up a handle that was revoked. */
static inline int64_t qy_handle_close(handle_t handle)
{
    return qy_syscall1(SYS_handle_close, handle);
}

/* A new handle to the same object with at most these rights (RIGHTS_SAME: all). Needs DUP. */
static inline int64_t qy_handle_dup(handle_t handle, rights_t rights)
{
    return qy_syscall2(SYS_handle_dup, handle, rights);
}

/* Closes every handle derived from this one, in every process; this one stays. */
static inline int64_t qy_handle_revoke(handle_t handle)
{
    return qy_syscall1(SYS_handle_revoke, handle);
}

/* status = enum object_type, second = rights, third = koid. */
static inline struct qy_result qy_handle_info(handle_t handle)
{
    return qy_syscall_full(SYS_handle_info, handle, 0, 0, 0, 0, 0);
}

/* Copies a process's handles into one that is not started and has none. */
static inline int64_t qy_handle_fork(handle_t process, handle_t source)
{
    return qy_syscall2(SYS_handle_fork, process, source);
}

/* Puts a handle into the table of a process that was not started yet; operation is HANDLE_MOVE or
 * HANDLE_COPY. Returns its value there. */
static inline int64_t qy_handle_grant(handle_t process, handle_t handle, rights_t rights,
                                      uint32_t operation)
{
    return qy_syscall4(SYS_handle_grant, process, handle, rights, operation);
}

/* Blocks until one of the signals is set; returns those set, or -ETIMEDOUT. Needs WAIT. */
static inline int64_t qy_object_wait(handle_t handle, signals_t signals, time_ns_t deadline)
{
    return qy_syscall3(SYS_object_wait, handle, signals, (uint64_t)deadline);
}
