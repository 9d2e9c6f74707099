/* SPDX-License-Identifier: MIT */
/* Processes and the jobs that pay for them. To start a program see spawn.h. */
#pragma once

#include <quay/syscall.h>
#include <quay/abi/job.h>

/* A process without threads, in this job. status = process, second = its address space. */
static inline struct qy_result qy_process_create(handle_t job, const char *name,
                                                 uint64_t name_length)
{
    return qy_syscall_full(SYS_process_create, job, (uint64_t)name, name_length, 0, 0, 0);
}

/* Ends this process. */
static inline QY_NORETURN void qy_process_exit(int64_t code)
{
    for (;;) {
        (void)qy_syscall1(SYS_process_exit, (uint64_t)code); /* does not return */
    }
}

/* Ends a process. Needs MANAGE. */
static inline int64_t qy_process_kill(handle_t process)
{
    return qy_syscall1(SYS_process_kill, process);
}

/* The first mapping of a process that ends behind the address: status = its start, second = end,
 * third = MAP_* flags; -ENOENT: there is none. */
static inline struct qy_result qy_process_mapping(handle_t process, uint64_t address)
{
    return qy_syscall_full(SYS_process_mapping, process, address, 0, 0, 0, 0);
}

/* Copies from the memory of a process, or to it. Returns how many bytes, at most 32 KiB. */
static inline int64_t qy_process_read(handle_t process, uint64_t from, void *to,
                                      uint64_t size_bytes)
{
    return qy_syscall4(SYS_process_read, process, from, (uint64_t)(uintptr_t)to, size_bytes);
}

static inline int64_t qy_process_write(handle_t process, uint64_t to, const void *from,
                                       uint64_t size_bytes)
{
    return qy_syscall4(SYS_process_write, process, to, (uint64_t)(uintptr_t)from, size_bytes);
}

/* A handle to the thread of a process with the lowest koid above `after` (0: the first), or -ESRCH.
 * Needs MANAGE and READ_STATE. */
static inline int64_t qy_process_thread(handle_t process, koid_t after)
{
    return qy_syscall2(SYS_process_thread, process, after);
}

/* status = 1 if it has exited, second = exit code, third = koid. */
static inline struct qy_result qy_process_info(handle_t process)
{
    return qy_syscall_full(SYS_process_info, process, 0, 0, 0, 0, 0);
}

/* A copy of this process, with its memory (as MAP_FORK_* say) and its handles, and of its threads
 * only this one. Returns a handle to it, 0 in the copy, or an error. Locks that other threads hold,
 * and ports that the program serves, need thought. */
int64_t qy_process_fork(void);

/* A job below `parent`, without limits of its own. Returns a handle. */
static inline int64_t qy_job_create(handle_t parent)
{
    return qy_syscall1(SYS_job_create, parent);
}

/* Sets the limit of an enum job_resource; below the usage it only stops further charges. */
static inline int64_t qy_job_set_limit(handle_t job, uint32_t resource, uint64_t limit)
{
    return qy_syscall3(SYS_job_set_limit, job, resource, limit);
}

/* status = 0, second = usage, third = limit. */
static inline struct qy_result qy_job_info(handle_t job, uint32_t resource)
{
    return qy_syscall_full(SYS_job_info, job, resource, 0, 0, 0, 0);
}

/* Ends every process in the job and below it. */
static inline int64_t qy_job_kill(handle_t job)
{
    return qy_syscall1(SYS_job_kill, job);
}
