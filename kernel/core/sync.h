/* SPDX-License-Identifier: MIT */
/*
 * Sync rounds: grace periods, TLB shootdowns and deferred work, in one mechanism.
 *
 * The kernel runs with interrupts off and never blocks. So when a CPU takes an interrupt that was
 * sent after some change, it has left every piece of kernel code that could have seen the state
 * before that change; and on the way it forgets its TLB. A round is: take the next generation,
 * interrupt the CPUs, and when each of them has seen that generation, run what waited for it.
 * Nothing on a fast path pays for this, and no CPU waits for another.
 *
 *    sync_defer   "free this when nobody can still be looking at it"  (batched)
 *    sync_round   "call me when these CPUs have passed"              (at once)
 *    sync_post    "call me soon, from an entry of its own"           (bounded steps of long work)
 *
 * Callbacks run in an entry of their own (upcall_sync), with nothing held, and do a bounded amount
 * of work; more of it posts itself again.
 */
#pragma once

#include <stdint.h>

struct sync_node {
    struct sync_node *next;
    void (*run)(struct sync_node *node);
    uint64_t generation;
    uint64_t cpu_mask;
};

/* Runs `run` after every CPU has left the kernel at least once. Never fails, may be called under
 * any lock below LOCK_RANK_SYNC. The node belongs to us until `run` is called. */
void sync_defer(struct sync_node *node, void (*run)(struct sync_node *node));

/* The same for the CPUs of a mask (this one may be among them), starting now; their TLBs have been
 * flushed of user pages by then. An empty mask runs soon. */
void sync_round(struct sync_node *node, uint64_t cpu_mask, void (*run)(struct sync_node *node));

/* Runs `run` soon on this CPU. */
void sync_post(struct sync_node *node, void (*run)(struct sync_node *node));

/* Closes the batch that sync_defer collects, if there is one; called when a CPU goes idle and from
 * the timer, so that nothing is kept for long. */
void sync_flush(void);

/* The work of upcall_sync. */
void sync_interrupt(void);
