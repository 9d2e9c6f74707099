/* SPDX-License-Identifier: MIT */
/* Between signal.c and what sends signals. */
#pragma once

#include "signal.h"

/* Makes a signal pending for the calling thread, without asking proc. False: it blocks it, or the
 * signal queues up; then it is to be sent through proc. */
bool posix_signal_self(uint32_t number, int32_t code);

/* The same for a thread of this process (number 0: only looks). 0 or -ESRCH. */
int64_t posix_signal_thread(uint32_t id, uint32_t number);

void posix_signal_start(uint64_t blocked, uint64_t ignored);
void posix_signal_fork(void);
