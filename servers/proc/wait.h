/* SPDX-License-Identifier: MIT */
/* What wait has to tell. Pure. */
#pragma once

#include "table.h"

/* Linux's wait status. */
#define STATUS_EXITED(code)     (((code)&0xff) << 8)
#define STATUS_SIGNALED(number) ((number)&0x7f)
#define STATUS_STOPPED(number)  (((number) << 8) | 0x7f)
#define STATUS_CONTINUED        0xffff

/* Exit codes of the kernel. */
#define CODE_KILLED_BY_KERNEL (-1000)
#define CODE_FAULTED          (-1001)

/* The status of a process whose kernel process ended with this code; `killer` is the signal by
 * which proc ended it, or 0. */
int32_t wait_status(int64_t exit_code, uint32_t killer);

/* A child, and what is to be told of it. */
struct wait_news {
    struct process *child; /* NULL: nothing yet */
    int32_t status;
    bool has_ended;
};

/* Looks for news of the children that `which` names (the protocol tells), among what the options
 * (enum qy_proc_wait_options) ask for. What is found is told once, unless they say to keep it; who
 * has ended is the caller's to remove. False: there are no such children. */
bool wait_look(const struct process *parent, int32_t which, uint32_t options,
               struct wait_news *ret_news);
