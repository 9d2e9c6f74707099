/* SPDX-License-Identifier: MIT */
/* The clock is the time-stamp counter, the timer is the local APIC's. */
#pragma once

#include <stdbool.h>

/* Learns both rates; time 0 is now. First CPU, with its local APIC on. */
void x86_time_init(void);

/* Whether the timer interrupt that came is due; if not (the counter is too short for far deadlines)
 * it is armed again. */
bool x86_timer_due(void);
