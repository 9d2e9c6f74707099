/* SPDX-License-Identifier: MIT */
/* Between guest.c, frame.c and entry.S: the instructions that touch the guest's memory. */
#pragma once

#include <stdint.h>

typedef int64_t posix_access_routine(uint64_t a, uint64_t b, uint64_t c);

#pragma GCC visibility push(hidden)
posix_access_routine posix_access_copy, posix_access_zero, posix_access_string,
    posix_access_exchange, posix_access_fpu_save, posix_access_fpu_load;
extern const char posix_access_start[], posix_access_end[];
extern const char posix_entry[], posix_back[], posix_back_end[];
#pragma GCC visibility pop

int64_t posix_access_run(uint64_t a, uint64_t b, uint64_t c, posix_access_routine *routine);

/* Runs one of them: its result, or -EFAULT. */
int64_t guest_access(uint64_t a, uint64_t b, uint64_t c, posix_access_routine *routine);

/* Called by entry.S when the guest did something other than a system call that is in the table: 0
 * to go on by the exit window, 1 by thread_resume. */
uint64_t posix_serve(void);

/* The same after a call that was interrupted, or set the registers itself. */
uint64_t posix_call_end(int64_t number, int64_t result);

/* The functions of calls.def, by number; with the guest's registers as arguments. */
extern void (*const posix_calls[])(void);

/* Called by entry.S at the very beginning. */
struct process_page;
void posix_main(const struct process_page *page);
