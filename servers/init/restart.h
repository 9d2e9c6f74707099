/* SPDX-License-Identifier: MIT */
/*
 * When a server that died is started again. At once, if it had lived for RESTART_LIFE; one that
 * dies sooner waits, twice as long each time. One that dies more often than its policy lets it is
 * given up. Pure, tested on the host.
 */
#pragma once

#include <stdbool.h>
#include <quay/abi/types.h>

#define RESTARTS_MAX    64 /* deaths that are remembered */
#define RESTART_LIFE    ((time_ns_t)100000000)
#define RESTART_GIVE_UP ((time_ns_t)-1)

struct restart_policy {
    time_ns_t delay_min, delay_max;
    time_ns_t window;    /* more deaths than deaths_max within it are too many */
    uint32_t deaths_max; /* 0: it is never given up; at most RESTARTS_MAX */
};

/* All zero: it has never died. */
struct restart {
    uint32_t deaths;              /* in all */
    time_ns_t last[RESTARTS_MAX]; /* when, in a ring: death N at last[N % RESTARTS_MAX] */
    time_ns_t delay;              /* the last one */
};

/* Counts a death at `now` of a server that was started at `started`: how long to wait before it is
 * started again, or RESTART_GIVE_UP. */
time_ns_t restart_delay(struct restart *restart, const struct restart_policy *policy,
                        time_ns_t started, time_ns_t now);

/* Forgets what was: somebody starts it by hand. */
void restart_forgive(struct restart *restart);
