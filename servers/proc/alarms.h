/* SPDX-License-Identifier: MIT */
/* Who gets SIGALRM when: a list of processes by deadline. Pure. */
#pragma once

#include "table.h"

void alarms_init(void);

/* DEADLINE_NEVER: none. What was set before is forgotten. */
void alarm_set(struct process *process, time_ns_t deadline, uint64_t period_ns);

/* What is left: false, there is none. */
bool alarm_get(const struct process *process, time_ns_t now, uint64_t *ret_left_ns);

/* The deadline of the first; DEADLINE_NEVER: there is none. */
time_ns_t alarms_next(void);

/* Somebody whose deadline has come; it is set to the next one. NULL: nobody. */
struct process *alarm_take(time_ns_t now);
