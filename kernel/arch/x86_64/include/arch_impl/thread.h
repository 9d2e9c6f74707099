/* SPDX-License-Identifier: MIT */
/*
 * A thread's registers beside its frame. Most threads have none: FS and GS base 0 and no FPU
 * state. `extra` says so in one word, and the switch between two such threads does nothing.
 *
 * CR4.FSGSBASE stays off, so that the bases change by system call only and need not be read back
 * (docs/decisions has the count).
 */
#pragma once

#include <stdint.h>

#define ARCH_THREAD_FS       (1u << 0)
#define ARCH_THREAD_GS       (1u << 1)
#define ARCH_THREAD_FPU      (1u << 2)
#define ARCH_THREAD_REDIRECT (1u << 3)
#define ARCH_THREAD_DEBUG    (1u << 4)

struct arch_thread {
    uint32_t extra; /* ARCH_THREAD_* for what is not zero */
    uint64_t fs_base;
    uint64_t gs_base;
    void *fpu_state;           /* NULL until the first use */
    struct redirect *redirect; /* NULL: off; atomic */
    uint64_t breakpoints[4];   /* DR0 to DR3 */
    uint64_t debug_control;    /* DR7 but for its fixed bit; 0: no breakpoints */
};

/* The rest of arch_thread_switch, when either thread has bases or FPU state. */
PRESERVE_MOST void arch_thread_switch_extra(struct arch_thread *from, struct arch_thread *to);
