/* SPDX-License-Identifier: MIT */
/*
 * Futexes: sleeping on a word of memory. What locks and condition variables (thread.h) are made of;
 * between processes the word lies in memory that both have mapped.
 */
#pragma once

#include <quay/syscall.h>

/* Sleeps while *word is `expected`. 0 when woken, -EAGAIN if it was something else, -ETIMEDOUT. */
static inline int64_t qy_futex_wait(const uint32_t *word, uint32_t expected, time_ns_t deadline)
{
    return qy_syscall3(SYS_futex_wait, (uint64_t)word, expected, (uint64_t)deadline);
}

/* More are not woken, nor moved, by one call. */
#define QY_FUTEX_WAKE_MAX 64

/* Wakes up to `count` sleepers; returns how many. */
static inline int64_t qy_futex_wake(const uint32_t *word, uint32_t count)
{
    return qy_syscall2(SYS_futex_wake, (uint64_t)word, count);
}

/* If *from is `expected`: wakes up to wake_count of its sleepers and moves up to move_count of the
 * others to `to`. Returns how many were woken; -EAGAIN if *from was something else. */
static inline int64_t qy_futex_requeue(const uint32_t *from, uint32_t wake_count, uint32_t expected,
                                       const uint32_t *to, uint32_t move_count)
{
    return qy_syscall6(SYS_futex_requeue, (uint64_t)from, wake_count, expected, (uint64_t)to,
                       move_count, 0);
}
