/* SPDX-License-Identifier: MIT */
/*
 * What a job limits. A charge counts in the job and in every job above it.
 */
#pragma once

#include <quay/abi/types.h>

enum job_resource {
    JOB_MEMORY = 0, /* bytes: user pages and the kernel memory behind handles and objects */
    JOB_PROCESSES = 1,
    JOB_THREADS = 2,
    JOB_JOBS = 3,
    JOB_PRIORITY = 4, /* limit only: highest base priority that threads can be given */
    JOB_CPU_TIME = 5, /* nanoseconds, of all CPUs together, in each period */
    JOB_MEMORY_LOW =
        6, /* limit only: when less memory is left the job shows LOW_MEMORY; 0: never */
    JOB_RESOURCE_COUNT = 7,
};

#define JOB_CPU_PERIOD_NS 100000000

#define JOB_UNLIMITED UINT64_MAX
#define JOB_DEPTH_MAX 8
