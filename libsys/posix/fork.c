/* SPDX-License-Identifier: MIT */
/* One process becomes two: what of it the layer does; the rest is proc's. */
#include <idl/proc.h>
#include <quay/heap.h>
#include <quay/process_page.h>
#include "../start.h"
#include "call.h"
#include "fd.h"
#include "fpu.h"
#include "guest.h"
#include "memory.h"
#include "path.h"
#include "process.h"
#include "thread.h"
#include "vfork.h"

#define COPY 1 /* what the split comes to in the copy */

struct split {
    int32_t pid;
};

static int64_t split_start(uint64_t stack, void *context)
{
    struct split *split = context;
    int64_t status;

    do { /* a signal that comes before proc has the call is no reason to fail */
        status = qy_proc_fork(qy_process_page()->proc, (uint64_t)(uintptr_t)qy_fork_begin, stack,
                              COPY, &split->pid, DEADLINE_NEVER);
    } while (status == -EINTR);
    return posix_error(status);
}

void posix_locks_take(void)
{
    posix_path_lock();
    posix_fd_lock();
    posix_memory_lock();
    qy_alloc_lock();
}

void posix_locks_release(void)
{
    qy_alloc_unlock();
    posix_memory_unlock();
    posix_fd_unlock();
    posix_path_unlock();
}

/* We are the copy: the only thread, with nothing but memory. */
static void copy_begin(const struct thread_registers *registers)
{
    struct posix_thread *self = posix_self();

    posix_threads_forget();
    self->pending = 0;
    self->spare = HANDLE_INVALID; /* it was not copied */
    self->robust_list = 0;
    if (posix_thread_begin(qy_process_page()->thread, (uint32_t)qy_process_page()->pid) < 0) {
        posix_panic("fork: no memory for a message buffer");
    }
    posix_redirect()->registers = *registers;
    posix_redirect()->reason = REDIRECT_SYSCALL;
    posix_process_fork();
}

int64_t posix_process_copy(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id,
                           uint64_t tls)
{
    const struct thread_registers registers = posix_redirect()->registers;
    struct posix_thread *self = posix_self();
    struct posix_fpu fpu;
    struct split split = {0};

    posix_fpu_save(&fpu);
    posix_locks_take();
    const int64_t status = qy_fork_split(split_start, &split);
    posix_locks_release();
    if (status != COPY) {
        if (status == 0 && (flags & LINUX_CLONE_PARENT_SETTID) != 0) {
            (void)guest_write(parent_id, &split.pid, sizeof split.pid); /* as Linux: no error */
        }
        return status == 0 ? split.pid : status;
    }
    if ((flags & LINUX_CLONE_SETTLS) != 0) {
        self->fs_base = tls;
    }
    self->clear_id = flags & LINUX_CLONE_CHILD_CLEARTID ? child_id : 0;
    copy_begin(&registers);
    posix_fpu_load(&fpu);
    if (stack != 0) {
        posix_redirect()->registers.rsp = stack;
    }
    if ((flags & LINUX_CLONE_CHILD_SETTID) != 0) {
        (void)guest_write(child_id, &self->id, sizeof self->id); /* as Linux: no error */
    }
    return 0;
}

int64_t posix_fork(void)
{
    return posix_process_copy(0, 0, 0, 0, 0);
}

int64_t posix_vfork(void)
{
    return posix_vfork_begin(0);
}
