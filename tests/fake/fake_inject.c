/* SPDX-License-Identifier: MIT */
/* Relaxed everywhere: the number carries no other data. */
#include "mm/inject.h"

static uint64_t countdown; /* allocations left up to the one that fails; 0 is off */

void inject_fail_after(uint64_t n)
{
    __atomic_store_n(&countdown, n, __ATOMIC_RELAXED);
}

bool inject_is_armed(void)
{
    return __atomic_load_n(&countdown, __ATOMIC_RELAXED) != 0;
}

bool inject_should_fail(void)
{
    uint64_t left = __atomic_load_n(&countdown, __ATOMIC_RELAXED);

    while (left != 0) {
        if (__atomic_compare_exchange_n(&countdown, &left, left - 1, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
            return left == 1;
        }
    }
    return false;
}
