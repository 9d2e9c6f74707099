/* SPDX-License-Identifier: MIT */
/*
 *   open     collected by sync_defer, no generation yet
 *      |  batch full, or sync_flush
 *      v
 *   waiting  first in, first out by generation; complete when every CPU of its mask has seen it
 *      |  found complete by the last CPU of the mask
 *      v
 *   run, until an interrupt's time is used up
 */
#include "core/sync.h"

#include <stdbool.h>
#include <stddef.h>
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/time.h"
#include "core/cpu.h"
#include "core/lock.h"

#define SYNC_BATCH 32

/* Bound the time with interrupts off: no callback is begun later than this after the first, and not
 * more of them are run in one interrupt. */
#define SYNC_TIME_NS 1400
#define SYNC_STEP    8

struct sync_queue {
    struct sync_node *first, *last; /* `last` counts only where there is a first */
};

static struct {
    struct spinlock lock;

    /* Under the lock; the generation may be read without. */
    uint64_t generation;
    struct sync_queue open, waiting;
    unsigned open_count;
} sync_state = {.lock = SPINLOCK_INIT(LOCK_RANK_SYNC)};

static struct {
    uint64_t seen; /* atomic; written by the CPU itself */

    /* That CPU only. */
    struct sync_queue posted;
} CACHE_ALIGNED sync_cpus[MAX_CPUS];

static void queue_push(struct sync_queue *queue, struct sync_node *node)
{
    node->next = NULL;
    if (queue->first == NULL) {
        queue->first = node;
    } else {
        queue->last->next = node;
    }
    queue->last = node;
}

static struct sync_node *queue_pop(struct sync_queue *queue)
{
    struct sync_node *node = queue->first;

    if (node != NULL) {
        queue->first = node->next;
    }
    return node;
}

void sync_defer(struct sync_node *node, void (*run)(struct sync_node *node))
{
    bool is_full;

    node->run = run;
    spin_lock(&sync_state.lock);
    queue_push(&sync_state.open, node);
    is_full = ++sync_state.open_count >= SYNC_BATCH;
    spin_unlock(&sync_state.lock);
    if (is_full) {
        sync_flush();
    }
}

void sync_flush(void)
{
    const uint64_t mask = (1ul << cpu_count()) - 1;
    struct sync_node *node;
    bool is_needed;

    if (__atomic_load_n(&sync_state.open.first, __ATOMIC_RELAXED) == NULL) {
        return;
    }
    spin_lock(&sync_state.lock);
    is_needed = sync_state.open_count != 0;
    if (is_needed) {
        const uint64_t generation = sync_state.generation + 1;

        while ((node = queue_pop(&sync_state.open)) != NULL) {
            node->generation = generation;
            node->cpu_mask = mask;
            queue_push(&sync_state.waiting, node);
        }
        sync_state.open_count = 0;
        __atomic_store_n(&sync_state.generation, generation, __ATOMIC_SEQ_CST);
    }
    spin_unlock(&sync_state.lock);
    if (is_needed) {
        arch_ipi_send(mask, ARCH_IPI_SYNC);
    }
}

void sync_round(struct sync_node *node, uint64_t cpu_mask, void (*run)(struct sync_node *node))
{
    if (cpu_mask == 0) {
        sync_post(node, run);
        return;
    }
    node->run = run;
    node->cpu_mask = cpu_mask;
    spin_lock(&sync_state.lock);
    node->generation = sync_state.generation + 1;
    __atomic_store_n(&sync_state.generation, node->generation, __ATOMIC_SEQ_CST);
    queue_push(&sync_state.waiting, node);
    spin_unlock(&sync_state.lock);
    arch_ipi_send(cpu_mask, ARCH_IPI_SYNC);
}

void sync_post(struct sync_node *node, void (*run)(struct sync_node *node))
{
    node->run = run;
    queue_push(&sync_cpus[cpu_id()].posted, node);
    arch_ipi_send(cpu_self()->bit, ARCH_IPI_SYNC);
}

static bool is_complete(const struct sync_node *node)
{
    for (uint64_t mask = node->cpu_mask; mask != 0; mask &= mask - 1) {
        unsigned cpu = (unsigned)__builtin_ctzl(mask);

        if (__atomic_load_n(&sync_cpus[cpu].seen, __ATOMIC_SEQ_CST) < node->generation) {
            return false;
        }
    }
    return true;
}

/* The oldest node whose round has ended, or NULL. A round of few CPUs may wait behind one of many;
 * the last CPU of that one runs both. */
static struct sync_node *pop_complete(void)
{
    struct sync_node *node;

    if (__atomic_load_n(&sync_state.waiting.first, __ATOMIC_RELAXED) == NULL) {
        return NULL;
    }
    spin_lock(&sync_state.lock);
    node = sync_state.waiting.first;
    node = node != NULL && is_complete(node) ? queue_pop(&sync_state.waiting) : NULL;
    spin_unlock(&sync_state.lock);
    return node;
}

void sync_interrupt(void)
{
    uint32_t self = cpu_id();

    /* Read before the flush: a round that starts after this line sends an interrupt of its own. */
    uint64_t generation = __atomic_load_n(&sync_state.generation, __ATOMIC_SEQ_CST);

    arch_tlb_flush();
    __atomic_store_n(&sync_cpus[self].seen, generation, __ATOMIC_SEQ_CST);

    const time_ns_t end = arch_time_now() + SYNC_TIME_NS;

    for (unsigned step = 0; step < SYNC_STEP && (step == 0 || arch_time_now() < end); step++) {
        /* Posted work first: else a CPU that frees takes over what all others gave up meanwhile,
         * and they make more than it can free. */
        struct sync_node *node = queue_pop(&sync_cpus[self].posted);

        if (node == NULL) {
            node = pop_complete();
        }
        if (node == NULL) {
            return;
        }
        node->run(node);
    }
    arch_ipi_send(cpu_self()->bit, ARCH_IPI_SYNC); /* there may be more */
}
