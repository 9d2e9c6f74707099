/* SPDX-License-Identifier: MIT */
#include "mm/inject.h"

uint64_t inject_countdown;

bool inject_count_down(void)
{
    uint64_t left = __atomic_load_n(&inject_countdown, __ATOMIC_RELAXED);

    /* Relaxed: the number carries no other data. */
    while (left != 0) {
        if (__atomic_compare_exchange_n(&inject_countdown, &left, left - 1, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
            return left == 1;
        }
    }
    return false;
}

void inject_fail_after(uint64_t n)
{
    __atomic_store_n(&inject_countdown, n, __ATOMIC_RELAXED);
}

bool inject_is_armed(void)
{
    return __atomic_load_n(&inject_countdown, __ATOMIC_RELAXED) != 0;
}
