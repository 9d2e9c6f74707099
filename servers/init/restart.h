/* SPDX-License-Identifier: MIT */
/*
 * When a server that died is started again. At once, if it had lived for RESTART_LIFE; one that
 * dies sooner waits, twice as long each time. One that dies more than RESTARTS_MAX times within
 * RESTART_WINDOW is given up. Pure, tested on the host.
 */
#pragma once

#include <stdbool.h>
#include <quay/abi/types.h>

#define RESTARTS_MAX      10
#define RESTART_WINDOW    ((time_ns_t)60000000000)
#define RESTART_LIFE      ((time_ns_t)100000000)
#define RESTART_DELAY_MIN ((time_ns_t)1000000)
#define RESTART_DELAY_MAX ((time_ns_t)1000000000)
#define RESTART_GIVE_UP   ((time_ns_t)-1)

/* All zero: it has never died. */
struct restart {
    uint32_t deaths;              /* in all */
    time_ns_t last[RESTARTS_MAX]; /* when it died, in a ring: the next to be overwritten is
                                     last[deaths % RESTARTS_MAX] */
    time_ns_t delay;              /* the last one */
};

/* Counts a death at `now` of a server that was started at `started`: how long to wait before it is
 * started again, or RESTART_GIVE_UP. */
time_ns_t restart_delay(struct restart *restart, time_ns_t started, time_ns_t now);

/* Forgets what was: somebody starts it by hand. */
void restart_forgive(struct restart *restart);
