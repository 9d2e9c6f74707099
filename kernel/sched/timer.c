/* SPDX-License-Identifier: MIT */
#include "sched/timer.h"

#include "arch/time.h"
#include "core/cpu.h"
#include "core/lock.h"

#define TIMER_STEP 16 /* nodes fired in one interrupt */

static struct {
    struct spinlock lock;

    /* Under the lock. */
    struct tree nodes;    /* by time */
    time_ns_t programmed; /* when the hardware will interrupt; never later than the first node */
} CACHE_ALIGNED timer_queues[MAX_CPUS];

static struct timer_node *timer_of(struct tree_node *node)
{
    return CONTAINER_OF(node, struct timer_node, node);
}

static bool is_earlier(const struct tree_node *a, const struct tree_node *b)
{
    return CONTAINER_OF(a, const struct timer_node, node)->at <
           CONTAINER_OF(b, const struct timer_node, node)->at;
}

void timer_queues_init(void)
{
    for (unsigned i = 0; i < MAX_CPUS; i++) {
        spinlock_init(&timer_queues[i].lock, LOCK_RANK_TIMER);
        tree_init(&timer_queues[i].nodes);
        timer_queues[i].programmed = DEADLINE_NEVER;
    }
}

void timer_node_init(struct timer_node *timer, void (*fire)(struct timer_node *, time_ns_t),
                     time_ns_t (*due)(const struct timer_node *))
{
    tree_node_init(&timer->node);
    timer->at = DEADLINE_NEVER;
    timer->cpu = 0;
    timer->is_retired = false;
    timer->fire = fire;
    timer->due = due;
}

/* This CPU's queue, locked. */
static void insert(uint32_t cpu, struct timer_node *timer, time_ns_t at)
{
    __atomic_store_n(&timer->cpu, cpu, __ATOMIC_RELAXED);
    __atomic_store_n(&timer->at, at, __ATOMIC_RELAXED);
    tree_insert(&timer_queues[cpu].nodes, &timer->node, is_earlier);
}

static void take_out(uint32_t cpu, struct timer_node *timer)
{
    tree_remove(&timer_queues[cpu].nodes, &timer->node);
    __atomic_store_n(&timer->at, DEADLINE_NEVER, __ATOMIC_RELAXED);
}

/* Locks the queue that the node belongs to, armed or not, and returns its number. */
static uint32_t lock_home(const struct timer_node *timer) NO_THREAD_SAFETY_ANALYSIS
{
    for (;;) {
        uint32_t cpu = __atomic_load_n(&timer->cpu, __ATOMIC_RELAXED);

        spin_lock(&timer_queues[cpu].lock);
        if (__atomic_load_n(&timer->cpu, __ATOMIC_RELAXED) == cpu) {
            return cpu;
        }
        spin_unlock(&timer_queues[cpu].lock);
    }
}

static void disarm(struct timer_node *timer, bool is_retired) NO_THREAD_SAFETY_ANALYSIS
{
    uint32_t cpu = lock_home(timer);

    if (timer->at != DEADLINE_NEVER) {
        take_out(cpu, timer);
    }
    timer->is_retired |= is_retired;
    spin_unlock(&timer_queues[cpu].lock);
}

void timer_disarm(struct timer_node *timer)
{
    disarm(timer, false);
}

void timer_retire(struct timer_node *timer)
{
    disarm(timer, true);
}

/* Own queue, locked: makes the hardware interrupt in time. */
static void program(uint32_t cpu, time_ns_t at)
{
    if (at < timer_queues[cpu].programmed) {
        timer_queues[cpu].programmed = at;
        arch_timer_set(at);
    }
}

/* Moves the node, which is at home in `cpu`'s queue, to this CPU's. Both queues are locked. */
static void insert_here(uint32_t cpu, struct timer_node *timer, time_ns_t at)
{
    uint32_t self = cpu_id();

    if (timer->at != DEADLINE_NEVER) {
        take_out(cpu, timer);
    }
    if (!timer->is_retired && at != DEADLINE_NEVER) {
        insert(self, timer, at);
        program(self, at);
    }
}

/* Locks the node's home and this CPU's queue, in the order of their numbers. */
static uint32_t lock_both(const struct timer_node *timer) NO_THREAD_SAFETY_ANALYSIS
{
    uint32_t self = cpu_id();

    for (;;) {
        uint32_t cpu = __atomic_load_n(&timer->cpu, __ATOMIC_RELAXED);

        spin_lock(&timer_queues[cpu < self ? cpu : self].lock);
        if (cpu != self) {
            spin_lock_nested(&timer_queues[cpu < self ? self : cpu].lock);
        }
        if (__atomic_load_n(&timer->cpu, __ATOMIC_RELAXED) == cpu) {
            return cpu;
        }
        if (cpu != self) {
            spin_unlock(&timer_queues[cpu].lock);
        }
        spin_unlock(&timer_queues[self].lock);
    }
}

static void unlock_both(uint32_t cpu) NO_THREAD_SAFETY_ANALYSIS
{
    uint32_t self = cpu_id();

    if (cpu != self) {
        spin_unlock(&timer_queues[cpu].lock);
    }
    spin_unlock(&timer_queues[self].lock);
}

void timer_arm(struct timer_node *timer, time_ns_t at) NO_THREAD_SAFETY_ANALYSIS
{
    uint32_t cpu = lock_both(timer);

    insert_here(cpu, timer, at);
    unlock_both(cpu);
}

void timer_arm_by(struct timer_node *timer, time_ns_t at) NO_THREAD_SAFETY_ANALYSIS
{
    uint32_t cpu = lock_both(timer);

    if (timer->at > at) {
        insert_here(cpu, timer, at);
    }
    unlock_both(cpu);
}

/* Takes out the first node that is to fire by now, or NULL. */
static struct timer_node *pop_due(uint32_t self, time_ns_t now)
{
    struct timer_node *timer = NULL;

    spin_lock(&timer_queues[self].lock);
    for (unsigned step = 0; step < TIMER_STEP; step++) {
        struct tree_node *first = tree_first(&timer_queues[self].nodes);
        time_ns_t at;

        if (first == NULL || timer_of(first)->at > now) {
            break;
        }
        take_out(self, timer_of(first));
        at = timer_of(first)->due == NULL ? now : timer_of(first)->due(timer_of(first));
        if (at <= now) {
            timer = timer_of(first);
            break;
        }
        if (at != DEADLINE_NEVER) {
            insert(self, timer_of(first), at);
        }
    }
    spin_unlock(&timer_queues[self].lock);
    return timer;
}

void timer_interrupt(time_ns_t now)
{
    uint32_t self = cpu_id();
    struct tree_node *first;

    for (unsigned step = 0; step < TIMER_STEP; step++) {
        struct timer_node *timer = pop_due(self, now);

        if (timer == NULL) {
            break;
        }
        timer->fire(timer, now);
    }

    spin_lock(&timer_queues[self].lock);
    timer_queues[self].programmed = DEADLINE_NEVER;
    first = tree_first(&timer_queues[self].nodes);
    if (first != NULL) {
        program(self, timer_of(first)->at);
    }
    spin_unlock(&timer_queues[self].lock);
}
