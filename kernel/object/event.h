/* SPDX-License-Identifier: MIT */
/*
 * Events: 64 bits that threads set, clear and wait for. SIGNAL_USER is set while any bit is.
 *
 * Waiters are served first come first served: a signal goes through them in order, each takes
 * (and, if it asked to consume, clears) the bits it waits for that are still set. At most
 * EVENT_WAITERS_MAX threads wait on one event, which bounds a signal's work.
 */
#pragma once

#include "cap/object.h"
#include "lib/compiler.h"

#define EVENT_WAITERS_MAX 64u

struct event {
    struct object object;

    /* Under object.signal_lock. */
    uint64_t bits;
    struct list waiters; /* struct thread.sleep_link */
    uint32_t waiter_count;
};

static inline struct event *event_of(struct object *object)
{
    return CONTAINER_OF(object, struct event, object);
}

extern const struct object_ops event_ops;

/* An event, all bits clear. Returns a reference. 0 or -ENOMEM. */
MUST_USE int event_create(struct account *account, struct event **ret_event);

/* Clears, then sets bits, and wakes those who waited for them. The end of a system call of the
 * current thread, whose result it returns: 0, with the bits before in the second result register.
 */
MUST_USE int64_t event_signal(struct event *event, uint64_t clear, uint64_t set);

/* The end of a system call of the current thread, whose result it returns: 0 with the bits found in
 * the second result register; -ETIMEDOUT; -EBUSY if too many wait already; -ECANCELED when the
 * last handle was closed meanwhile. */
MUST_USE int64_t event_wait(struct event *event, uint64_t bits, bool consume, time_ns_t deadline);
