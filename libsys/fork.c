/* SPDX-License-Identifier: MIT */
/*
 * Fork, made of the kernel's parts. The handles that the copy needs for itself are made first: so
 * they are in its table and in its memory, at the same values, when both have been copied.
 */
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/process.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "start.h"

struct copy {
    handle_t process, aspace, thread;
};

static int64_t copy_start(uint64_t stack, void *argument)
{
    const struct copy *copy = argument;
    int64_t error = qy_aspace_fork(copy->aspace, qy_self_aspace());
    if (error == 0) {
        error = qy_handle_fork(copy->process, qy_self_process());
    }
    if (error == 0) {
        error = qy_thread_start(copy->thread, (uint64_t)(uintptr_t)qy_fork_begin, stack, 1);
    }
    return error;
}

int64_t qy_process_fork(void)
{
    const char *name = qy_program_name();
    struct qy_result made = qy_process_create(qy_self_job(), name, strlen(name));
    if (made.status < 0) {
        return made.status;
    }
    struct copy copy = {(handle_t)made.status, made.second, HANDLE_INVALID};
    int64_t result = qy_sys_thread_create(copy.process);
    if (result > 0) {
        copy.thread = (handle_t)result;
        result = qy_fork_split(copy_start, &copy);
        if (result == 1) {
            qy_start_again(copy.process, copy.aspace, copy.thread);
            return 0;
        }
        (void)qy_handle_close(copy.thread); /* ours */
    }
    (void)qy_handle_close(copy.aspace); /* ours */
    if (result < 0) {
        (void)qy_process_kill(copy.process); /* frees what was copied */
        (void)qy_handle_close(copy.process);
        return result;
    }
    return (int64_t)copy.process;
}
