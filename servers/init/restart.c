/* SPDX-License-Identifier: MIT */
#include "restart.h"

static time_ns_t delay_next(time_ns_t delay)
{
    if (delay == 0) {
        return RESTART_DELAY_MIN;
    }
    return delay > RESTART_DELAY_MAX / 2 ? RESTART_DELAY_MAX : 2 * delay;
}

time_ns_t restart_delay(struct restart *restart, time_ns_t started, time_ns_t now)
{
    time_ns_t *oldest = &restart->last[restart->deaths % RESTARTS_MAX];
    bool is_too_often = restart->deaths >= RESTARTS_MAX && now - *oldest < RESTART_WINDOW;
    *oldest = now;
    restart->deaths++;
    if (is_too_often) {
        return RESTART_GIVE_UP;
    }
    restart->delay = now - started >= RESTART_LIFE ? 0 : delay_next(restart->delay);
    return restart->delay;
}

void restart_forgive(struct restart *restart)
{
    *restart = (struct restart){0};
}
