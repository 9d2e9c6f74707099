/* SPDX-License-Identifier: MIT */
#include "restart.h"

static time_ns_t delay_next(const struct restart_policy *policy, time_ns_t delay)
{
    if (delay == 0) {
        return policy->delay_min;
    }
    return delay > policy->delay_max / 2 ? policy->delay_max : 2 * delay;
}

static bool is_too_often(const struct restart *restart, const struct restart_policy *policy,
                         time_ns_t now)
{
    uint32_t deaths_max = policy->deaths_max < RESTARTS_MAX ? policy->deaths_max : RESTARTS_MAX;
    if (deaths_max == 0 || restart->deaths < deaths_max) {
        return false;
    }
    return now - restart->last[(restart->deaths - deaths_max) % RESTARTS_MAX] < policy->window;
}

time_ns_t restart_delay(struct restart *restart, const struct restart_policy *policy,
                        time_ns_t started, time_ns_t now)
{
    bool is_given_up = is_too_often(restart, policy, now);
    restart->last[restart->deaths % RESTARTS_MAX] = now;
    restart->deaths++;
    if (is_given_up) {
        return RESTART_GIVE_UP;
    }
    restart->delay = now - started >= RESTART_LIFE ? 0 : delay_next(policy, restart->delay);
    return restart->delay;
}

void restart_forgive(struct restart *restart)
{
    *restart = (struct restart){0};
}
