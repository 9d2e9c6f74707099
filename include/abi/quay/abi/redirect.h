/* SPDX-License-Identifier: MIT */
/*
 * Running foreign programs: what a *guest* does goes to a *library* in the same process.
 *
 * struct redirect lies in the thread's message buffer. The library fills in where it is, and calls
 * thread_redirect. From then on whatever the thread does outside [start, end) that would enter the
 * kernel for good arrives at `entry`, with `stack` as stack pointer:
 *
 *   REDIRECT_SYSCALL      a `syscall` instruction whose next instruction lies outside; all other
 *                         registers are still the guest's, but rcx, r11 and the flags
 *   REDIRECT_PAGE_FAULT   detail[0] = address, detail[1] = REDIRECT_READ, _WRITE or _EXEC
 *   REDIRECT_EXCEPTION    detail[0] = the CPU's number, detail[1] = its error code
 *   REDIRECT_KICK         thread_kick found the guest running, or thread_resume a kick pending
 *
 * `registers` has the guest's then, without the bases; after a system call r11 and rcx in it mean
 * nothing. What the thread does inside the range is done as if it did not redirect.
 *
 * Back into the guest: thread_resume, which loads all registers; or, where rcx and r11 are lost
 * anyway, without the kernel, by instructions in [exit_start, exit_end) that first look at `kicked`
 * and then read `registers` only, ending with a jump. A kick sets `kicked`, and if it meets the
 * thread in these instructions lets it begin them again: so it is seen either there or, later, as
 * REDIRECT_KICK. The library clears `kicked` and then looks for what it was kicked for. A kick may
 * be seen twice, but not never.
 *
 * The guest can write all of this, as it can the library's own memory. That harms nobody else.
 */
#pragma once

#include <quay/abi/registers.h>

#define REDIRECT_SYSCALL    0u
#define REDIRECT_PAGE_FAULT 1u
#define REDIRECT_EXCEPTION  2u
#define REDIRECT_KICK       3u

#define REDIRECT_READ  0u
#define REDIRECT_WRITE 1u
#define REDIRECT_EXEC  2u

struct redirect {
    struct thread_registers registers;

    /* Written by the kernel. */
    uint64_t reason;
    uint64_t detail[2];
    uint64_t kicked; /* 1; cleared by the library */

    /* Read by the kernel whenever it is needed. */
    uint64_t start, end;
    uint64_t entry, stack;
    uint64_t exit_start, exit_end;
};

_Static_assert(sizeof(struct redirect) == 240, "redirect layout");
_Static_assert(offsetof(struct redirect, registers) == 0, "entry code relies on it");
