/* SPDX-License-Identifier: MIT */
/*
 * Allocation failures on demand, for tests.
 *
 * frame_alloc() and slab_alloc() ask here first, and the one that the test chose fails as if memory
 * had run out. A slab that grows counts twice: the object, then the frame. A test runs its
 * operation with n = 1, 2, 3 ... until inject_is_armed() says afterwards that the n-th allocation
 * never came.
 *
 * Switched off, this costs one load and one predictable branch per allocation.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

/* How many allocations are left up to the one that fails; 0 is off. Atomic. */
extern uint64_t inject_countdown;

/* Counts one allocation; true if it is the one. Only for inject_should_fail(). */
bool inject_count_down(void);

/* The n-th allocation from now on, on any CPU, fails, once; 0 switches it off. */
void inject_fail_after(uint64_t n);

/* Whether the chosen allocation has not come yet. */
bool inject_is_armed(void);

/* For allocators: whether this allocation must fail. */
static inline MUST_USE bool inject_should_fail(void)
{
    if (LIKELY(__atomic_load_n(&inject_countdown, __ATOMIC_RELAXED) == 0)) {
        return false;
    }
    return inject_count_down();
}
