/* SPDX-License-Identifier: MIT */
/* Time: nanoseconds of the monotonic clock, which starts at boot. */
#pragma once

#include <quay/syscall.h>

#define QY_MICROSECOND ((time_ns_t)1000)
#define QY_MILLISECOND ((time_ns_t)1000000)
#define QY_SECOND      ((time_ns_t)1000000000)

/* Now. */
static inline int64_t qy_clock_read(void)
{
    return qy_syscall0(SYS_clock_read);
}

/* The deadline this far from now; never past DEADLINE_NEVER. */
static inline time_ns_t qy_deadline_after(time_ns_t duration)
{
    time_ns_t now = qy_clock_read();
    return duration > DEADLINE_NEVER - now ? DEADLINE_NEVER : now + duration;
}

/* The CPU's time-stamp counter: cheap, and not the same on every CPU. */
static inline uint64_t qy_tsc_read(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}
