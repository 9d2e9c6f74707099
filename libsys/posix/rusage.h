/* SPDX-License-Identifier: MIT */
#pragma once

#include <quay/syscall.h>

/* Writes a struct rusage to the guest: 0 or -EFAULT. */
QY_MUST_USE int64_t posix_usage_put(uint64_t address, uint64_t cpu_ns, uint64_t memory_bytes);
