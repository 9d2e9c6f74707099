/* SPDX-License-Identifier: MIT */
/*
 * Timers: one sorted queue per CPU. A node is armed on one CPU and fires there, in the timer
 * interrupt, with nothing held. The hardware is only ever programmed to an earlier time: a node
 * that is disarmed leaves a wake-up behind that finds nothing to do.
 */
#pragma once

#include <stdbool.h>
#include <quay/abi/types.h>
#include "lib/compiler.h"
#include "lib/tree.h"

struct timer_node {
    struct tree_node node; /* under the queue's lock */
    time_ns_t at;          /* DEADLINE_NEVER: not armed. Written under the lock, read without */
    uint32_t cpu;          /* where it is, or was last, armed */
    bool is_retired;       /* under the queue's lock */
    void (*fire)(struct timer_node *timer, time_ns_t now);
    /* When the node comes due, under the queue's lock: the time at which it is really due, or any
     * time up to `now` to fire it, or DEADLINE_NEVER to drop it. NULL: it fires. This is how a
     * thread's timer stays armed from one wait to the next. */
    time_ns_t (*due)(const struct timer_node *timer);
};

/* Not armed; `due` may be NULL. */
void timer_node_init(struct timer_node *timer, void (*fire)(struct timer_node *, time_ns_t),
                     time_ns_t (*due)(const struct timer_node *));

/* Arms it on this CPU for an absolute time, disarming it first if it was armed anywhere. */
void timer_arm(struct timer_node *timer, time_ns_t at);

/* Sees to it that it comes due no later than `at`: leaves it where it is if it is armed early
 * enough, else arms it here. Two CPUs may do this at once. For nodes with `due`, which tells a node
 * that fires too early when to come back. */
void timer_arm_by(struct timer_node *timer, time_ns_t at);

/* Disarms it. If it is firing on another CPU at this instant, `fire` may still be running when this
 * returns: the owner decides by its own state, and frees the memory after a grace period. */
void timer_disarm(struct timer_node *timer);

/* Disarms it for good: arming it has no effect from now on. */
void timer_retire(struct timer_node *timer);

/* Fires what is due on this CPU, a bounded number; the rest by an interrupt that comes at once. */
void timer_interrupt(time_ns_t now);

/* Once, before any CPU schedules. */
void timer_queues_init(void);
