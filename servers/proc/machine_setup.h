/* SPDX-License-Identifier: MIT */
/* What main does before there are processes. */
#pragma once

#include <quay/abi/types.h>

/* The port gets notices: with the badge of a process whose end has come, with timer_key when the
 * time of machine_timer_set has. 0 or a negative error number. */
int machine_setup(handle_t port, uint64_t timer_key);

/* From now on, calls with this badge are exceptions of the processes (<quay/abi/exception.h>). */
int machine_watch_faults(uint64_t key);
