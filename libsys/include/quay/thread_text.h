/* SPDX-License-Identifier: MIT */
/* What a thread does, in words. */
#pragma once

#include <stdbool.h>
#include <quay/abi/system_info.h>

const char *qy_thread_state_text(uint8_t state);

/* Whether it waits for something, be it only to be resumed. */
bool qy_thread_is_waiting(const struct system_thread *thread);

/* Prints what it waits for, without the end of the line; `whom` is the name of the process that
 * thread->waits_process is. */
void qy_thread_wait_print(const struct system_thread *thread, const char *whom);
