/* SPDX-License-Identifier: MIT */
#include "object/debug.h"

#include <quay/abi/errno.h>
#include <quay/abi/exception.h>
#include <quay/abi/memory.h>
#include "lib/string.h"
#include "object/exception.h"
#include "object/port.h"
#include "sched/sched.h"

typedef void access_fn(struct thread *thread, void *what);

static void registers_get(struct thread *thread, void *what)
{
    exception_registers_get(thread, what);
}

static void registers_set(struct thread *thread, void *what)
{
    exception_registers_set(thread, what);
}

static void breakpoint_set(struct thread *thread, void *what)
{
    const struct breakpoint *breakpoint = what;

    arch_thread_set_breakpoint(&thread->arch, (unsigned)breakpoint->index, breakpoint->address,
                               (uint32_t)breakpoint->kind, (uint32_t)breakpoint->size_bytes);
}

/* A thread that waits for the answer to its exception: whoever answers, or fails it, needs the lock
 * of the port. SAFETY: the session that a waiting thread calls is allocated, and what is freed now
 * stays until we leave the kernel; if the wait has ended since, its word tells. */
static bool access_exception(struct thread *thread, uint64_t seen, access_fn *access, void *what)
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
        access(thread, what);
    }
    spin_unlock(&port->lock);
    return is_same;
}

static bool access_stopped(struct thread *thread, access_fn *access, void *what)
{
    if (sched_take_stopped(thread)) {
        access(thread, what);
        sched_stop_or_wake(thread);
        return true;
    }
    return access_exception(thread, wait_seen(thread), access, what);
}

int thread_registers_read(struct thread *thread, struct thread_registers *ret_registers)
{
    if (access_stopped(thread, registers_get, ret_registers)) {
        return 0;
    }
    if (__atomic_load_n(&thread->affinity, __ATOMIC_RELAXED) != 0 ||
        !(wait_seen(thread) & THREAD_WAITING)) {
        return -EBUSY;
    }
    /* SAFETY: its wait may end just now, and write a result; it does not get further than that. */
    registers_get(thread, ret_registers);
    return 0;
}

int thread_registers_write(struct thread *thread, const struct thread_registers *registers)
{
    struct thread_registers copy = *registers;

    if (!frame_registers_ok(&copy)) {
        return -EINVAL;
    }
    return access_stopped(thread, registers_set, &copy) ? 0 : -EBUSY;
}

struct fpu_access {
    void *state;
    bool is_write;
    int status;
};

/* Under what keeps the thread from going on. Its state is in its record once it has left its CPU.
 */
static void fpu_access(struct thread *thread, void *what)
{
    struct fpu_access *access = what;

    if (__atomic_load_n(&thread->on_cpu, __ATOMIC_ACQUIRE)) {
        access->status = -ERETRY;
    } else if (thread->arch.fpu_state == NULL) {
        access->status = -ENOENT;
    } else if (!access->is_write) {
        memcpy(access->state, thread->arch.fpu_state, arch_fpu_state_size());
        access->status = (int)arch_fpu_state_size();
    } else {
        access->status = arch_fpu_set(&thread->arch, access->state) ? 0 : -EINVAL;
    }
}

int thread_fpu_read(struct thread *thread, void *to)
{
    struct fpu_access access = {.state = to};

    return access_stopped(thread, fpu_access, &access) ? access.status : -EBUSY;
}

int thread_fpu_write(struct thread *thread, const void *from)
{
    uint8_t copy[ARCH_FPU_STATE_MAX] __attribute__((aligned(8)));
    struct fpu_access access = {.state = copy, .is_write = true};

    memcpy(copy, from, arch_fpu_state_size()); /* once: it may change */
    return access_stopped(thread, fpu_access, &access) ? access.status : -EBUSY;
}

int thread_breakpoint_set(struct thread *thread, struct breakpoint breakpoint)
{
    uint64_t size = breakpoint.size_bytes;

    if (breakpoint.index >= BREAKPOINT_COUNT || breakpoint.kind > BREAKPOINT_ACCESS) {
        return -EINVAL;
    }
    if (breakpoint.kind == BREAKPOINT_NONE) {
        breakpoint.address = breakpoint.size_bytes = 0;
    } else if (size == 0 || size > (breakpoint.kind == BREAKPOINT_EXEC ? 1 : 8) ||
               (size & (size - 1)) != 0 || breakpoint.address % size != 0 ||
               breakpoint.address >= USER_LIMIT) {
        return -EINVAL;
    }
    return access_stopped(thread, breakpoint_set, &breakpoint) ? 0 : -EBUSY;
}
