/* SPDX-License-Identifier: MIT */
/*
 * User memory of the current thread. It is only ever read, and only while a call is being decoded:
 * with no lock held and nothing allocated, because a fault abandons the whole call. The fault is
 * then handled as if the program itself had touched the address, and if that resolves it, the
 * system call instruction runs again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/compiler.h"
#include "lib/types.h"

/* Copies in; the range must lie in user space (user_range_ok). Does not return on a fault. */
void arch_user_copy_in(void *to, struct uaddr from, size_t size);

/* Reads one aligned word without ever faulting: false if the page is not mapped right now. Allowed
 * under a lock. */
MUST_USE bool arch_user_try_read_u32(struct uaddr from, uint32_t *ret_value);
