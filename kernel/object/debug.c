/* SPDX-License-Identifier: MIT */
#include "object/debug.h"

#include <quay/abi/errno.h>
#include "object/exception.h"
#include "object/port.h"
#include "sched/sched.h"

static void access(struct thread *thread, struct thread_registers *registers, bool is_write)
{
    if (is_write) {
        exception_registers_set(thread, registers);
    } else {
        exception_registers_get(thread, registers);
    }
}

/* A thread that waits for the answer to its exception: whoever answers, or fails it, needs the lock
 * of the port. SAFETY: the session that a waiting thread calls is allocated, and what is freed now
 * stays until we leave the kernel; if the wait has ended since, its word tells. */
static bool access_exception(struct thread *thread, uint64_t seen,
                             struct thread_registers *registers, bool is_write)
{
    const struct wait_ops *ops = thread->wait_ops;
    struct port *port;
    bool is_same;

    if (!(seen & THREAD_WAITING) || thread->fault.level == 0 ||
        (ops != &wait_send && ops != &wait_reply)) {
        return false;
    }
    port = thread->session->port;
    spin_lock(&port->lock);
    is_same = wait_seen(thread) == seen;
    if (is_same) {
        access(thread, registers, is_write);
    }
    spin_unlock(&port->lock);
    return is_same;
}

static bool access_stopped(struct thread *thread, struct thread_registers *registers, bool is_write)
{
    if (sched_take_stopped(thread)) {
        access(thread, registers, is_write);
        sched_stop_or_wake(thread);
        return true;
    }
    return access_exception(thread, wait_seen(thread), registers, is_write);
}

int thread_registers_read(struct thread *thread, struct thread_registers *ret_registers)
{
    if (access_stopped(thread, ret_registers, false)) {
        return 0;
    }
    if (__atomic_load_n(&thread->affinity, __ATOMIC_RELAXED) != 0 ||
        !(wait_seen(thread) & THREAD_WAITING)) {
        return -EBUSY;
    }
    /* SAFETY: its wait may end just now, and write a result; it does not get further than that. */
    access(thread, ret_registers, false);
    return 0;
}

int thread_registers_write(struct thread *thread, const struct thread_registers *registers)
{
    struct thread_registers copy = *registers;

    if (!frame_registers_ok(&copy)) {
        return -EINVAL;
    }
    return access_stopped(thread, &copy, true) ? 0 : -EBUSY;
}
