/* SPDX-License-Identifier: MIT */
/*
 * The wall clock without a call: the page that the time server shares (include/idl/time.idl,
 * docs/servers/time.md), mapped read-only by whoever asked for it. Seconds are those of UTC since
 * 1970, without leap seconds.
 */
#pragma once

#include <idl/time.h>
#include <quay/clock.h>

/* Whether what was mapped is such a page. */
static inline bool qy_wall_clock_valid(const struct qy_time_page *page)
{
    return page->magic == QY_TIME_PAGE_MAGIC;
}

/* Ticks as nanoseconds, as the kernel computes them. */
static inline int64_t qy_wall_clock_ticks(uint64_t ticks, uint64_t ns_per_tick)
{
    return (int64_t)(((unsigned __int128)ticks * ns_per_tick) >> 32);
}

/* Both clocks at one instant, in nanoseconds: the monotonic one, which is never before
 * qy_clock_read at this instant, and the wall clock. Whether anybody knows the wall clock; if not
 * it begins with 1970 at boot. */
static inline bool qy_wall_clock_read(const volatile struct qy_time_page *page,
                                      int64_t *ret_monotonic_ns, int64_t *ret_wall_ns)
{
    for (;;) {
        uint32_t before = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
        uint64_t base_tsc = page->base_tsc, ns_per_tick = page->ns_per_tick;
        int64_t base_ns = page->base_ns, offset_ns = page->offset_ns;
        bool is_tsc_usable = page->is_tsc_usable, is_known = page->is_known;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if ((before & 1) != 0 || __atomic_load_n(&page->sequence, __ATOMIC_RELAXED) != before) {
            __builtin_ia32_pause();
            continue;
        }
        *ret_monotonic_ns =
            is_tsc_usable ? base_ns + qy_wall_clock_ticks(qy_tsc_read() - base_tsc, ns_per_tick)
                          : qy_clock_read();
        *ret_wall_ns = *ret_monotonic_ns + offset_ns;
        return is_known;
    }
}
