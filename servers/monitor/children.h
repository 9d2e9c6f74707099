/* SPDX-License-Identifier: MIT */
/* The programs started from here. */
#pragma once

#include <quay/syscall.h>

/* Starts a program of the boot archive: 0 and its id, or a negative error number. */
int children_start(const char *name, koid_t *ret_id);

/* Ends one: 0, or -ESRCH if it was not started here or has ended. */
int children_kill(koid_t id);

/* Says which have ended since the last time. */
void children_report(void);

/* Blocks until this one has ended, or the deadline. */
void children_wait(koid_t id, time_ns_t deadline);

/* Prints the names of all programs that can be started. */
void children_names_print(void);
