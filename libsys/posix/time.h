/* SPDX-License-Identifier: MIT */
/* Time, as the servers tell it. */
#pragma once

#include <quay/abi/types.h>

/* Nanoseconds from the monotonic clock to the time since 1970; 0 if nobody knows the time. */
int64_t posix_clock_offset(void);

/* What this process has used of CPUs, in nanoseconds. 0 or an error. */
int64_t posix_cpu_time(int64_t *ret_ns);
