/* SPDX-License-Identifier: MIT */
/* Time: one monotonic clock for all CPUs and one one-shot timer per CPU, in nanoseconds. */
#pragma once

#include <quay/abi/types.h>

/* Nanoseconds since boot; never goes backwards on one CPU. */
time_ns_t arch_time_now(void);

/* Arms this CPU's timer: upcall_timer comes at or soon after the absolute time. A time in the past
 * fires at once; DEADLINE_NEVER disarms. One timer: the last call counts. */
void arch_timer_set(time_ns_t deadline);

/* Rate of the time-stamp counter that arch_time_now is made of, for user programs. */
uint64_t arch_time_tsc_hz(void);
