/* SPDX-License-Identifier: MIT */
/* One number. It starts at 0, or at what lies in the memory that it is given. */
#pragma once

#include <idl/counter.h>

/* Every instruction leaves a number there, so it may be memory that survives us. */
void counter_keep(uint64_t *value);

extern const struct qy_counter_handlers counter_handlers;
