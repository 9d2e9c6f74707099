/* SPDX-License-Identifier: MIT */
/*
 * Timer objects: SIGNAL_FIRED at a time, once or in a period.
 *
 * Setting a timer clears FIRED; so does an object_wait that it ended. A binding to a port is told
 * of each firing. Periods do not drift: the n-th firing is due at deadline + n * period, whenever
 * the others came; periods that passed unseen count as one firing. With slack a timer may fire up
 * to so much later, at a round time that it shares with others.
 */
#pragma once

#include "cap/object.h"
#include "lib/compiler.h"
#include "sched/timer.h"

#define TIMER_PERIOD_MIN_NS 10000ul /* 10 us: a bound on what a program can make of interrupts */

struct timer {
    struct object object;

    /* Under object.signal_lock. */
    struct timer_node node;
    time_ns_t due; /* without slack; DEADLINE_NEVER: not set */
    uint64_t period_ns;
    uint64_t slack_ns;
};

static inline struct timer *timer_of(struct object *object)
{
    return CONTAINER_OF(object, struct timer, object);
}

extern const struct object_ops timer_ops;

/* A timer, not set. Returns a reference. 0 or -ENOMEM. */
MUST_USE int timer_create(struct account *account, struct timer **ret_timer);

/* Fires at `deadline` and, unless `period_ns` is 0, every period after it; DEADLINE_NEVER stops
 * it. 0, or -EINVAL for a negative deadline or a period that is too short. */
MUST_USE int timer_set(struct timer *timer, time_ns_t deadline, uint64_t period_ns,
                       uint64_t slack_ns);
