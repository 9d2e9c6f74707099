/* SPDX-License-Identifier: MIT */
/* The two clocks, how far they are apart, and the page that says so. */
#pragma once

#include "rtc.h"
#include <idl/time.h>
#include <quay/server.h>

/* What time the kernel's clock and the time-stamp counter show; tests have their own. */
struct clock_source {
    int64_t (*monotonic)(void);
    uint64_t (*ticks)(void);
    uint64_t ticks_hz;
    bool is_tsc_trusted;
};

/* What survives the server: the page itself, which is all that there is to know, and what the
 * machine's clock said first. A server that dies while it writes leaves an odd sequence number; the
 * next one computes what it was about to write, or leaves the old, and makes it even. */
struct kept {
    struct qy_time_page page;
    int64_t clock_seconds; /* of the machine's clock, at the very first start; 0: there is none */
    uint32_t is_exact;     /* the second's begin was seen: the wall clock is right to a fraction */
};

/* The page to be given, or HANDLE_INVALID; rtc NULL: the machine has none. */
void clock_init(struct kept *kept, handle_t page, const struct clock_source *source,
                const struct rtc *rtc);

/* Looks whether a second of the machine's clock has just begun. Whether that is still wanted. */
bool clock_refine(void);

extern const struct qy_time_handlers clock_handlers;
