/* SPDX-License-Identifier: MIT */
/* Sending signals: what the kernel has to do about what signals.h decides. */
#pragma once

#include "signals.h"
#include "table.h"

/* To one process. 0, or an enum qy_proc_failure: process 1 is not_permitted, a full queue again.
 * One that has ended hears nothing, which is no failure. */
uint32_t signal_send(struct process *process, uint32_t number, const struct process_signal *signal);

/* To all members of the group. */
void signal_send_group(struct group *group, uint32_t number, const struct process_signal *signal);

/* It stops because of this signal. */
void process_stop(struct process *process, uint32_t number);

/* Its parent is to look: a child has news, of this si_code and value. */
void parent_tell(const struct process *child, int32_t code, uint32_t value);
