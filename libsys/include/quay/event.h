/* SPDX-License-Identifier: MIT */
/* Events (64 bits that can be waited for) and timers. */
#pragma once

#include <quay/syscall.h>

/* An event with all bits clear. Returns a handle. */
static inline int64_t qy_event_create(handle_t job)
{
    return qy_syscall1(SYS_event_create, job);
}

/* Clears, then sets bits, in one step. second = the bits before. */
static inline struct qy_result qy_event_signal(handle_t event, uint64_t clear, uint64_t set)
{
    return qy_syscall_full(SYS_event_signal, event, clear, set, 0, 0, 0);
}

/* Blocks for any of the bits; with `consume` those found are cleared. second = bits found. */
static inline struct qy_result qy_event_wait(handle_t event, uint64_t bits, uint32_t consume,
                                             time_ns_t deadline)
{
    return qy_syscall_full(SYS_event_wait, event, bits, consume, (uint64_t)deadline, 0, 0);
}

/* A timer that is not set. Returns a handle. */
static inline int64_t qy_timer_create(handle_t job)
{
    return qy_syscall1(SYS_timer_create, job);
}

/* Fires at the deadline and, if period_ns is not 0, every period after; up to slack_ns late.
 * DEADLINE_NEVER stops it. Setting it clears FIRED. */
static inline int64_t qy_timer_set(handle_t timer, time_ns_t deadline, uint64_t period_ns,
                                   uint64_t slack_ns)
{
    return qy_syscall4(SYS_timer_set, timer, (uint64_t)deadline, period_ns, slack_ns);
}
