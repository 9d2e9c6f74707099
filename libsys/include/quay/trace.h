/* SPDX-License-Identifier: MIT */
/* Trace records of the kernel: <quay/abi/trace.h>. */
#pragma once

#include <quay/syscall.h>
#include <quay/abi/trace.h>

/* The memory with the rings, to be mapped read-only; the first call makes them, with so many
 * records for each CPU (a power of two, 64 at least), and the job pays. Needs TRACE. */
static inline int64_t qy_trace_open(handle_t resource, handle_t job, uint64_t records_per_cpu)
{
    return qy_syscall3(SYS_trace_open, resource, job, records_per_cpu);
}

/* Notes these kinds from now on, TRACE_KIND(); returns those before. Needs TRACE. */
static inline int64_t qy_trace_control(handle_t resource, uint64_t kinds)
{
    return qy_syscall2(SYS_trace_control, resource, kinds);
}

/* Sets one value of an enum trace_filter, or takes it away (0). Needs TRACE. */
static inline int64_t qy_trace_filter(handle_t resource, uint64_t which, uint64_t index,
                                      uint64_t value)
{
    return qy_syscall4(SYS_trace_filter, resource, which, index, value);
}

/* A TRACE_USER record of this thread, if they are noted now. */
static inline int64_t qy_trace_emit(uint32_t number, uint64_t badge, uint64_t value)
{
    return qy_syscall3(SYS_trace_emit, number, badge, value);
}
