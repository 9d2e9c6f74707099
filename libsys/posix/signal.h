/* SPDX-License-Identifier: MIT */
/*
 * Signals of a guest, in two halves.
 *
 *   signal.c  which: dispositions, masks, what is pending (for the thread, for the process),
 * default actions, kill and its like frame.c   how: the frame on the guest's stack, sigreturn, the
 * alternate stack
 *
 * On the way back to the guest, when `kicked` was set or something changed, signals_deliver
 * (frame.c) takes one after the other and pushes its frame; the guest then runs the handlers.
 */
#pragma once

#include "thread.h"

/* A signal that is to be handled. */
struct posix_delivery {
    uint32_t number;
    struct linux_sigaction action;
    struct linux_siginfo info;
};

/* --- signal.c ------------------------------------------------------------------------------ */

/* Takes the next pending signal that this thread does not block and that has a handler. Ignored
 * ones are dropped, default actions carried out meanwhile: it may not return. */
bool posix_signal_take(struct posix_delivery *ret_delivery);

/* Whether a wait should not begin: an unblocked signal that does something is pending. */
bool posix_signal_waits(void);

/* The guest did something that cannot be gone on from: the signal is delivered next, and ends the
 * process if it is blocked, ignored or has no handler. */
void posix_signal_fault(const struct linux_siginfo *info);

/* Handlers become defaults; what is ignored, masked and pending stays (execve(2)). */
void posix_signal_exec(void);

/* Sets which signals the calling thread blocks; what that lets through is delivered on the way back
 * to the guest. */
void posix_signal_mask(uint64_t mask);

/* A child of vfork begins to change what is the process's; it comes back; it stays, in a process of
 * the child's. */
void posix_signal_lend(void);
void posix_signal_return(void);
void posix_signal_keep(void);

/* The signals that are ignored. */
uint64_t posix_signal_ignored(void);

/* The calling thread has ended, and others have not. If it is the first one it does not return:
 * proc kicks it, and it the others. */
void posix_signal_leave(void);

/* --- frame.c ------------------------------------------------------------------------------- */

/* Lets handlers run for what is pending. `call` is the number of the system call that is about to
 * return with its result in rax, or -1. */
void posix_signals_deliver(int64_t call);
