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
    JOB_RESOURCE_COUNT = 4,
};

#define JOB_UNLIMITED UINT64_MAX
#define JOB_DEPTH_MAX 8
