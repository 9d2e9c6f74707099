/* SPDX-License-Identifier: MIT */
/* The rings of trace records, which are made once, and what is noted. Points: core/trace.h. */
#pragma once

#include "cap/account.h"
#include "core/trace.h"
#include "vm/memory.h"

/* The memory with the rings, with a reference. The first call makes them, paid by the account, with
 * so many records for each CPU: -EINVAL if that is no power of two or not a page at least, -E2BIG,
 * -ENOMEM, -ERETRY: they are being made, call again. */
MUST_USE int trace_open(struct account *account, uint64_t records, struct memory **ret_memory);

/* Switches to these kinds, and returns those before; -EINVAL, -ENOENT: there are no rings. */
MUST_USE int64_t trace_control(uint64_t kinds);

/* For a panic: prints the last records of all CPUs. */
void trace_print(void);

/* Sets a value of an enum trace_filter, or takes it away (0). 0 or -EINVAL. */
MUST_USE int trace_filter(uint64_t which, uint64_t index, uint64_t value);
