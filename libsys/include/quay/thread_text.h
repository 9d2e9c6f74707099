/* SPDX-License-Identifier: MIT */
/* What a thread does, in words. */
#pragma once

#include <stdbool.h>
#include <quay/abi/system_info.h>
#include <quay/interface.h>

const char *qy_thread_state_text(uint8_t state);

/* Whether it waits for something, be it only to be resumed. */
bool qy_thread_is_waiting(const struct system_thread *thread);

/* Puts what it waits for, without the end of the line; `whom` is the name of the process that
 * thread->waits_process is, `method` that of the call. */
void qy_thread_wait_put(const struct system_thread *thread, const char *whom, const char *method,
                        struct qy_text *text);
