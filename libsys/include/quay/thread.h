/* SPDX-License-Identifier: MIT */
/*
 * Threads, and the locks between them.
 *
 * A thread made here has a stack with an unmapped page below it and a record (struct qy_thread)
 * that it reaches by its FS base. Every thread is joined exactly once; that frees its stack.
 *
 *   guard page | stack ... | struct qy_thread
 */
#pragma once

#include <stdbool.h>
#include <quay/syscall.h>
#include <quay/abi/ipc.h>

struct qy_thread {
    struct qy_thread *self; /* FS:0 points here */
    handle_t handle;
    struct message_buffer *buffer; /* NULL until qy_buffer is called */
    void (*entry)(void *argument);
    void *argument;
    void *base; /* lowest address of guard and stack; NULL: not made by qy_thread_create */
    size_t size_bytes;
};

/* --- raw calls ----------------------------------------------------------------------------- */

/* A thread in a process, not started. Returns a handle. */
static inline int64_t qy_sys_thread_create(handle_t process)
{
    return qy_syscall1(SYS_thread_create, process);
}

/* Starts it: rip = entry, rsp = stack, rdi = argument. */
static inline int64_t qy_thread_start(handle_t thread, uint64_t entry, uint64_t stack,
                                      uint64_t argument)
{
    return qy_syscall4(SYS_thread_start, thread, entry, stack, argument);
}

/* Ends this thread; the last one ends the process. */
static inline QY_NORETURN void qy_thread_exit(void)
{
    for (;;) {
        (void)qy_syscall0(SYS_thread_exit); /* does not return */
    }
}

/* Ends a thread. */
static inline int64_t qy_thread_kill(handle_t thread)
{
    return qy_syscall1(SYS_thread_kill, thread);
}

/* Ends the thread's wait with -EINTR, or its next one if it does not wait. A call that a server has
 * received is not broken off: the server is asked to end it, and has until grace_deadline. */
static inline int64_t qy_thread_kick(handle_t thread, time_ns_t grace_deadline)
{
    return qy_syscall2(SYS_thread_kick, thread, (uint64_t)grace_deadline);
}

/* What this thread does outside a range goes to the library in it: <quay/abi/redirect.h>, which the
 * struct redirect of its message buffer fills in before. */
static inline int64_t qy_thread_redirect(bool is_on)
{
    return qy_syscall1(SYS_thread_redirect, is_on);
}

/* Goes on with the registers in this thread's struct redirect. Returns only if it does not
 * redirect: -EINVAL. */
static inline int64_t qy_thread_resume(void)
{
    return qy_syscall0(SYS_thread_resume);
}

/* 1: stops a thread where it is, or when its wait ends; SIGNAL_SUSPENDED says so. 0: it goes on. */
static inline int64_t qy_thread_suspend(handle_t thread, uint32_t is_suspended)
{
    return qy_syscall2(SYS_thread_suspend, thread, is_suspended);
}

/* Its struct thread_registers into our message buffer's payload, or from there; it must be
 * suspended and have stopped, or wait for the answer to its exception. */
static inline int64_t qy_thread_read_state(handle_t thread)
{
    return qy_syscall1(SYS_thread_read_state, thread);
}

static inline int64_t qy_thread_write_state(handle_t thread)
{
    return qy_syscall1(SYS_thread_write_state, thread);
}

/* The same with its FPU state, as XSAVE (or FXSAVE, 512 bytes) lays it out. Reading returns how
 * many bytes. -ENOENT: it has not used the FPU. */
static inline int64_t qy_thread_read_fpu(handle_t thread)
{
    return qy_syscall1(SYS_thread_read_fpu, thread);
}

static inline int64_t qy_thread_write_fpu(handle_t thread)
{
    return qy_syscall1(SYS_thread_write_fpu, thread);
}

/* One of the 4 hardware breakpoints of a thread that has stopped: BREAKPOINT_* of
 * <quay/abi/exception.h>, 1, 2, 4 or 8 bytes, aligned. */
static inline int64_t qy_thread_set_breakpoint(handle_t thread, uint32_t index, uint64_t address,
                                               uint32_t kind, uint32_t size_bytes)
{
    return qy_syscall_full(SYS_thread_set_breakpoint, thread, index, address, kind, size_bytes, 0)
        .status;
}

/* Lets other threads of the same priority run. */
static inline int64_t qy_thread_yield(void)
{
    return qy_syscall0(SYS_thread_yield);
}

/* Base priority 0 to 255 (255 runs first), at most the job's. */
static inline int64_t qy_thread_set_priority(handle_t thread, uint32_t priority)
{
    return qy_syscall2(SYS_thread_set_priority, thread, priority);
}

/* The CPUs it may run on, as bits. */
static inline int64_t qy_thread_set_affinity(handle_t thread, uint64_t cpu_mask)
{
    return qy_syscall2(SYS_thread_set_affinity, thread, cpu_mask);
}

/* Makes this thread's message buffer; address 0: anywhere. Returns the address. See qy_buffer. */
static inline int64_t qy_thread_buffer(uint64_t address)
{
    return qy_syscall1(SYS_thread_buffer, address);
}

/* FS (0) or GS (1) base of this thread. libsys uses neither: both are the program's. A thread that
 * sets one is switched more slowly. */
static inline int64_t qy_thread_set_base(uint32_t which, uint64_t base)
{
    return qy_syscall2(SYS_thread_set_base, which, base);
}

/* Sleeps until the deadline. */
static inline int64_t qy_thread_sleep(time_ns_t deadline)
{
    return qy_syscall1(SYS_thread_sleep, (uint64_t)deadline);
}

/* --- threads of this process --------------------------------------------------------------- */

/* A stack ends where a window of this size and alignment ends; its last QY_THREAD_RECORD bytes are
 * the thread's record. So a thread finds itself by its stack pointer, and a switch between two
 * threads of libsys need not change FS. Code that runs on another stack has no self. */
#define QY_STACK_WINDOW  (256 * 1024ul)
#define QY_STACK_MAX     (QY_STACK_WINDOW - PAGE_SIZE)
#define QY_STACK_DEFAULT (64 * 1024ul)
#define QY_THREAD_RECORD 128ul

_Static_assert(sizeof(struct qy_thread) <= QY_THREAD_RECORD, "room at the end of each stack");

/* The calling thread's record. */
static inline struct qy_thread *qy_thread_self(void)
{
    uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);
    return (struct qy_thread *)(uintptr_t)((here | (QY_STACK_WINDOW - 1)) + 1 - QY_THREAD_RECORD);
}

/* Starts a thread that runs entry(argument) on a stack of at least this size (0: default). 0 and
 * *ret_thread, or a negative error number. */
QY_MUST_USE int qy_thread_create(void (*entry)(void *argument), void *argument, size_t stack_bytes,
                                 struct qy_thread **ret_thread);

/* Blocks until the thread has ended and frees it. 0, or -ETIMEDOUT (then it still is there). */
int qy_thread_join(struct qy_thread *thread, time_ns_t deadline);

/* This thread's message buffer, made at the first call; NULL if there is no memory for it. */
struct message_buffer *qy_buffer(void);

/* --- locks --------------------------------------------------------------------------------- */

/* A mutex: 0 free, 1 held, 2 held and somebody may sleep. All zero is a valid one. Not recursive.
 */
struct qy_mutex {
    uint32_t state;
};

void qy_mutex_lock(struct qy_mutex *mutex);
void qy_mutex_unlock(struct qy_mutex *mutex);

/* A condition variable. All zero is a valid one. */
struct qy_condition {
    uint32_t sequence;
};

/* Unlocks, sleeps, locks again. May return early: test the condition in a loop. 0 or -ETIMEDOUT. */
int qy_condition_wait(struct qy_condition *condition, struct qy_mutex *mutex, time_ns_t deadline);
void qy_condition_signal(struct qy_condition *condition);
void qy_condition_broadcast(struct qy_condition *condition);
