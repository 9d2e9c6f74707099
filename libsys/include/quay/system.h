/* SPDX-License-Identifier: MIT */
/* The kernel log and what the kernel tells about itself. */
#pragma once

#include <quay/syscall.h>
#include <quay/abi/system_info.h>

/* Appends text to the kernel log. */
static inline int64_t qy_debug_log(const char *text, uint64_t length)
{
    return qy_syscall2(SYS_debug_log, (uint64_t)text, length);
}

/* Moves log text into the message buffer's payload; returns its length, 0: nothing there. */
static inline int64_t qy_log_read(handle_t resource)
{
    return qy_syscall1(SYS_log_read, resource);
}

/* Takes over the log's output: from now on a notice comes when there is something to read. */
static inline int64_t qy_log_bind(handle_t resource, handle_t port, uint64_t key)
{
    return qy_syscall3(SYS_log_bind, resource, port, key);
}

/* Puts records of an enum system_topic into the message buffer's payload: status = how many,
 * second = cursor for the next call, 0 at the end. Needs SYSTEM_INFO. */
static inline struct qy_result qy_system_info(handle_t resource, uint32_t topic, uint64_t cursor)
{
    return qy_syscall_full(SYS_system_info, resource, topic, cursor, 0, 0, 0);
}

/* The last resort of reboot: resets the machine. Needs POWER. */
static inline int64_t qy_system_halt(handle_t resource, uint32_t how)
{
    return qy_syscall2(SYS_system_halt, resource, how);
}

/* major << 16 | minor of the kernel's interface. */
static inline int64_t qy_abi_version(void)
{
    return qy_syscall0(SYS_abi_version);
}
