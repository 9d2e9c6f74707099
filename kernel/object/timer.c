/* SPDX-License-Identifier: MIT */
#include "object/timer.h"

#include "core/panic.h"
#include "lib/bitmap.h"
#include <quay/abi/errno.h>

static void timer_destroy(struct object *object);

const struct object_ops timer_ops = {
    OBJECT_RECORD(timer, OBJECT_TIMER, _Alignof(struct timer)),
    .destroy = timer_destroy,
};

/* The latest round time that the slack allows: a multiple of the largest power of two within it, so
 * that timers with like slack come due together. */
static time_ns_t with_slack(time_ns_t due, uint64_t slack_ns)
{
    uint64_t latest = (uint64_t)due + slack_ns; /* both below 2^63 */

    if (slack_ns == 0) {
        return due;
    }
    latest &= ~((1ul << bit_highest_u64(slack_ns)) - 1);
    return latest < (uint64_t)DEADLINE_NEVER ? (time_ns_t)latest : DEADLINE_NEVER - 1;
}

/* The first due time after `now`; DEADLINE_NEVER if there is none before the end of time. */
static time_ns_t next_due(const struct timer *timer, time_ns_t now)
{
    uint64_t missed, next;

    if (timer->period_ns == 0) {
        return DEADLINE_NEVER;
    }
    missed = (uint64_t)(now - timer->due) / timer->period_ns;
    if (__builtin_mul_overflow(missed + 1, timer->period_ns, &next) ||
        next >= (uint64_t)(DEADLINE_NEVER - timer->due)) {
        return DEADLINE_NEVER;
    }
    return timer->due + (time_ns_t)next;
}

static void arm_locked(struct timer *timer) REQUIRES(&timer->object.signal_lock)
{
    if (timer->due == DEADLINE_NEVER) {
        timer_disarm(&timer->node);
    } else {
        timer_arm(&timer->node, with_slack(timer->due, timer->slack_ns));
    }
}

static void timer_fire(struct timer_node *node, time_ns_t now)
{
    struct timer *timer = CONTAINER_OF(node, struct timer, node);

    spin_lock(&timer->object.signal_lock);
    /* It may have been set anew while it was on its way here; then it is armed for that. */
    if (timer->due <= now) {
        timer->due = next_due(timer, now);
        arm_locked(timer);
        /* Taken away first, so that a binding hears of a firing that follows one unseen. */
        object_signal_locked(&timer->object, SIGNAL_FIRED, 0);
        object_signal_locked(&timer->object, 0, SIGNAL_FIRED);
    }
    spin_unlock(&timer->object.signal_lock);
}

int timer_create(struct account *account, struct timer **ret_timer)
{
    struct object *object;
    int status = object_create(&timer_ops, account, &object);

    if (status == 0) {
        *ret_timer = timer_of(object);
        (*ret_timer)->due = DEADLINE_NEVER;
        timer_node_init(&(*ret_timer)->node, timer_fire, NULL);
    }
    return status;
}

int timer_set(struct timer *timer, time_ns_t deadline, uint64_t period_ns, uint64_t slack_ns)
{
    if (deadline < 0 || (period_ns != 0 && period_ns < TIMER_PERIOD_MIN_NS) ||
        slack_ns > (uint64_t)DEADLINE_NEVER) {
        return -EINVAL;
    }
    spin_lock(&timer->object.signal_lock);
    timer->due = deadline;
    timer->period_ns = period_ns;
    timer->slack_ns = slack_ns;
    object_signal_locked(&timer->object, SIGNAL_FIRED, 0);
    arm_locked(timer);
    spin_unlock(&timer->object.signal_lock);
    return 0;
}

static void timer_free(struct sync_node *node)
{
    object_free(CONTAINER_OF(node, struct object, grace));
}

/* It may be firing on another CPU just now, which has to leave it first. */
static void timer_destroy(struct object *object)
{
    struct timer *timer = timer_of(object);

    spin_lock(&timer->object.signal_lock);
    timer->due = DEADLINE_NEVER;
    arm_locked(timer);
    spin_unlock(&timer->object.signal_lock);
    sync_defer(&object->grace, timer_free);
}
