/* SPDX-License-Identifier: MIT */
/*
 * Redirect: what a guest does goes to a library in its own process. include/abi/quay/abi/redirect.h
 * has the rules. System calls of a guest never reach C: the entry code stores and jumps.
 *
 * struct redirect lies in pinned memory that the program may write at any time: each word is read
 * once, and bounds nothing in the kernel.
 *
 * Kicks. The kicker sets THREAD_KICKED, then `kicked`, and then looks for the thread: it ends the
 * wait, or interrupts all CPUs. Where a thread with THREAD_KICKED goes back to user mode without
 * having asked for it - out of an interrupt, or out of a run queue - redirect_kick sends it to the
 * library, or back to the beginning of the exit window. tests/models/kick.pml shows that none is
 * lost.
 */
#pragma once

#include <quay/abi/redirect.h>
#include "sched/thread.h"

/* The thread's guest did something: its registers are saved, and it goes on in the library. False:
 * it does not redirect, or it was the library. The thread is current, or about to be. */
COLD NEVER_INLINE bool redirect_enter(struct thread *thread, uint64_t reason, uint64_t detail0,
                                      uint64_t detail1);

/* A thread with THREAD_KICKED is about to go on where it was interrupted. */
COLD NEVER_INLINE PRESERVE_MOST void redirect_kick(struct thread *thread);

/* After THREAD_KICKED was set, by anyone. */
static inline void redirect_note_kick(struct thread *thread)
{
    struct redirect *redirect = __atomic_load_n(&thread->arch.redirect, __ATOMIC_SEQ_CST);

    if (redirect != NULL) {
        __atomic_store_n(&redirect->kicked, 1, __ATOMIC_SEQ_CST);
    }
}

/* The current thread: 0 or -ENO_BUFFER, if it has no message buffer. */
MUST_USE int redirect_set(bool is_on);

/* The current thread goes on where its struct redirect says: SYSCALL_RESUME, or -EINVAL if it does
 * not redirect. */
MUST_USE int64_t redirect_resume(void);
