/* SPDX-License-Identifier: MIT */
/*
 * Allocation failures on demand, for tests on the host.
 *
 * frame_alloc() and slab_alloc() ask here first, and the one that the test chose fails as if memory
 * had run out. A slab that grows counts twice: the object, then the frame. A test runs its
 * operation with n = 1, 2, 3 ... until inject_is_armed() says afterwards that the n-th allocation
 * never came. In the kernels themselves nothing fails that does not have to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef QUAY_HOST

/* The n-th allocation from now on, on any CPU, fails, once; 0 switches it off. */
void inject_fail_after(uint64_t n);

/* Whether the chosen allocation has not come yet. */
bool inject_is_armed(void);

/* For allocators: whether this allocation must fail. */
bool inject_should_fail(void);

#else

static inline bool inject_should_fail(void)
{
    return false;
}

#endif
