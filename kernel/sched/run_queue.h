/* SPDX-License-Identifier: MIT */
/*
 * The ready threads of one CPU: a list per priority and a bitmap that finds the highest. Any CPU
 * may put a thread in; only the CPU itself and thieves take one out.
 */
#pragma once

#include "core/lock.h"
#include "lib/bitmap.h"
#include "lib/list.h"
#include "sched/thread.h"

struct run_queue {
    struct list lists[256]; /* under the lock; first, for short addresses */

    struct spinlock lock;

    /* Under the lock. */
    struct bitmap256 ready;
    uint32_t ready_count;
    struct list parked; /* ready, but their job has used up its CPU time */
    struct cpu *cpu;    /* fixed; cpu->ready_top is written under the lock and read without */

    /* Its CPU only. */
    struct timer_node slice;  /* armed while anything is queued: see docs/scheduling.md */
    uint64_t ticks;           /* of it, from 1 */
    uint64_t turn;            /* the tick after which the turn of what runs began */
    struct timer_node refill; /* at the next period, while any is parked */
    time_ns_t switched_at;
    uint64_t switches;
    struct thread idle;
};

/* Makes a CPU's queue; panics without memory, for without it there is no CPU. */
struct run_queue *run_queue_create(struct cpu *cpu);

struct run_queue *run_queue_get(uint32_t cpu);

static inline int run_queue_top(const struct run_queue *queue)
{
    return __atomic_load_n(&queue->cpu->ready_top, __ATOMIC_RELAXED);
}

/* At the end of its list, or at the front with the turn of what runs, to go on with it. Return
 * whether the queue was empty. */
bool run_queue_push_back(struct run_queue *queue, struct thread *thread);
bool run_queue_push_front(struct run_queue *queue, struct thread *thread);

/* Takes out the first thread of the highest priority, whose turn it is now, or NULL. */
struct thread *run_queue_pop(struct run_queue *queue);

/* On the own queue: puts the current thread behind its equals and takes the first of them; if more
 * important ones have come meanwhile, or the last equal has gone, nothing happens: the current
 * thread. */
struct thread *run_queue_rotate(struct run_queue *queue, struct thread *current);

/* Takes a thread out of another CPU's queue that may run here, or NULL. */
struct thread *run_queue_steal(struct run_queue *queue);

/* Whether the CPU has nothing to do and is the first choice for what becomes ready. */
void run_queue_idle(struct run_queue *queue, bool is_idle);

/* An idle CPU that its affinity allows is no longer one and has to be told; 0: there is none. */
uint64_t run_queue_claim_idle(const struct thread *thread);

/* Where a thread goes that becomes ready and that no CPU is still busy leaving. */
uint32_t run_queue_place(const struct thread *thread);

/* Takes out a thread for which there is a better place, or NULL: a CPU with only less important
 * ones, or with equal ones if only more important ones run here, at `priority`. */
struct thread *run_queue_shed(struct run_queue *queue, uint8_t priority, uint32_t *ret_cpu);

/* Keeps a thread that is ready from running; takes one such thread out, or NULL. */
void run_queue_park(struct run_queue *queue, struct thread *thread);
struct thread *run_queue_unpark(struct run_queue *queue);

/* Takes a ready thread out, wherever it is; false if it is in no queue. */
bool run_queue_remove(struct thread *thread);

/* Sets its effective priority, and its place if it is queued; whether it is. */
bool run_queue_reprioritize(struct thread *thread, uint8_t priority);
