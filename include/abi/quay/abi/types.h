/* SPDX-License-Identifier: MIT */
/*
 * Scalars of the kernel's interface. A handle names one slot of the calling process's handle
 * table; it means nothing in any other process. Times are nanoseconds of the monotonic clock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define _Static_assert static_assert
#endif

typedef uint64_t handle_t;  /* slot index and generation; 0 is never valid */
typedef uint32_t rights_t;  /* bits of rights.h */
typedef uint32_t signals_t; /* bits of object.h */
typedef uint64_t koid_t;    /* kernel object id; never reused, carries no authority */
typedef int64_t time_ns_t;

#define HANDLE_INVALID ((handle_t)0)

/* Deadlines are absolute. */
#define DEADLINE_POLL  ((time_ns_t)0)
#define DEADLINE_NEVER ((time_ns_t)INT64_MAX)

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
