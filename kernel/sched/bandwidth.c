/* SPDX-License-Identifier: MIT */
#include "sched/bandwidth.h"

#include <stddef.h>

bool bandwidth_in_use;

/* What counts against the limit now: each period that has begun since the last look gives back as
 * much as the limit allows. */
static uint64_t refill(struct account *account, uint64_t limit, time_ns_t now)
{
    uint64_t *usage = &account->usage[JOB_CPU_TIME];
    uint64_t period = (uint64_t)now / JOB_CPU_PERIOD_NS;
    uint64_t before = __atomic_load_n(&account->cpu_period, __ATOMIC_RELAXED);
    uint64_t used = __atomic_load_n(usage, __ATOMIC_RELAXED);
    uint64_t back;

    /* One CPU does it; others only add meanwhile. */
    if (before < period && __atomic_compare_exchange_n(&account->cpu_period, &before, period, false,
                                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        if (__builtin_mul_overflow(period - before, limit, &back) || back > used) {
            back = used;
        }
        used = __atomic_sub_fetch(usage, back, __ATOMIC_RELAXED);
    }
    return used;
}

void bandwidth_charge(struct account *account, time_ns_t ns, time_ns_t now)
{
    for (; account != NULL; account = account->parent) {
        uint64_t limit = __atomic_load_n(&account->limit[JOB_CPU_TIME], __ATOMIC_RELAXED);

        if (limit != JOB_UNLIMITED) {
            (void)refill(account, limit, now); /* before what belongs to this period */
            __atomic_fetch_add(&account->usage[JOB_CPU_TIME], (uint64_t)ns, __ATOMIC_RELAXED);
        }
    }
}

bool bandwidth_is_spent(struct account *account, time_ns_t now)
{
    for (; account != NULL; account = account->parent) {
        uint64_t limit = __atomic_load_n(&account->limit[JOB_CPU_TIME], __ATOMIC_RELAXED);

        if (limit != JOB_UNLIMITED && refill(account, limit, now) >= limit) {
            return true;
        }
    }
    return false;
}
