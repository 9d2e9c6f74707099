/* SPDX-License-Identifier: MIT */
/*
 * A guest's thread: one thread of the kernel with a stack and a message buffer of the layer, in one
 * window (QY_STACK_WINDOW) above GUEST_LIMIT.
 *
 *   window | ... message buffer ... | guard | stack ... | struct posix_thread | struct qy_thread |
 *
 * GS base is the message buffer's struct redirect; code in C finds the thread by its stack pointer.
 */
#pragma once

#include <quay/thread.h>
#include <stdbool.h>
#include "linux.h"

struct posix_thread {
    struct posix_thread *next; /* all of the process; under the lock of thread.c */
    uint32_t id;               /* Linux's; the first one's is the process's */
    uint32_t has_ended;        /* 0, or what thread.c makes of it */
    handle_t handle;
    uint64_t clear_id;    /* guest's address, 0: none (set_tid_address) */
    uint64_t robust_list; /* guest's address of struct robust_list_head */
    uint64_t fs_base;

    /* Of the call that is served. */
    union {
        struct {
            uint32_t
                is_replaced;   /* `registers` are set: rax is no result, and all are to be loaded */
            uint32_t is_timed; /* restart_deadline is set */
        };
        uint64_t is_special; /* any of them */
    };
    time_ns_t restart_deadline; /* of a relative time that began to run before a restart */

    /* Signals of this thread (signal.c). */
    uint64_t mask;
    uint64_t saved_mask; /* to be restored after the handler: sigsuspend, ppoll, pselect */
    uint64_t has_saved_mask;
    uint64_t pending; /* sent to this thread only; atomic */
    struct linux_stack alternate;
    uint64_t signal_state[16]; /* of signal.c */

    handle_t spare;    /* another handle, which can be given to proc; of the first one: none */
    uint32_t is_woken; /* futex: it was parked, and is to be another thread */
    uint32_t reserved;
};

#define POSIX_THREAD_BYTES 512ul
_Static_assert(sizeof(struct posix_thread) <= POSIX_THREAD_BYTES, "room at the end of the stack");

/* The calling thread. */
static inline struct posix_thread *posix_self(void)
{
    return (struct posix_thread *)(void *)((uint8_t *)qy_thread_self() - POSIX_THREAD_BYTES);
}

/* The guest's registers, while its call or fault is served. */
static inline struct redirect *posix_redirect(void)
{
    return &qy_thread_self()->buffer->redirect;
}

/* The absolute deadline of a relative time: the same again when the call is restarted. */
time_ns_t posix_deadline(const struct linux_timespec *relative);

/* Makes the calling thread one that redirects; its stack and window are there. 0 or an error. */
int64_t posix_thread_begin(handle_t handle, uint32_t id);

/* In the copy of a process: the calling thread is the only one. */
void posix_threads_forget(void);

/* fork, by clone's arguments. */
int64_t posix_process_copy(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id,
                           uint64_t tls);

/* The locks of the layer that threads may hold: must not be somebody's in a copy, where he is not,
 * nor of who is killed. */
void posix_locks_take(void);
void posix_locks_release(void);

/* Ends all but the calling thread. */
void posix_threads_end_others(void);

/* The thread with this id: runs `visit` on it under the lock, -ESRCH if there is none. id 0: on
 * each one, until visit returns true. */
int64_t posix_thread_visit(uint32_t id, bool (*visit)(struct posix_thread *thread, void *context),
                           void *context);
