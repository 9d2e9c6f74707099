/* SPDX-License-Identifier: MIT */
/* One number, that of this process; it starts at 0. */
#pragma once

#include <idl/counter.h>

extern const struct qy_counter_handlers counter_handlers;
