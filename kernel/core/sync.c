/* SPDX-License-Identifier: MIT */
/*
 *   open     collected by sync_defer, no generation yet
 *      |  batch full, or sync_flush
 *      v
 *   waiting  first in, first out by generation; complete when every CPU of its mask has seen it
 *      |  found complete by the last CPU of the mask
 *      v
 *   run, a few per interrupt
 */
#include "core/sync.h"

#include <stdbool.h>
#include <stddef.h>
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "core/cpu.h"
#include "core/lock.h"

#define SYNC_BATCH 32
#define SYNC_STEP  8 /* callbacks per interrupt: what bounds the time with interrupts off */

struct sync_queue {
    struct sync_node *first, **last;
};

static struct {
    struct spinlock lock;

    /* Under the lock; the generation may be read without. */
    uint64_t generation;
    struct sync_queue open, waiting;
    unsigned open_count;
} sync_state = {
    .lock = SPINLOCK_INIT(LOCK_RANK_SYNC),
    .open = {NULL, &sync_state.open.first},
    .waiting = {NULL, &sync_state.waiting.first},
};

static struct {
    uint64_t seen; /* atomic; written by the CPU itself */

    /* That CPU only. */
    struct sync_node *posted_first, *posted_last;
} CACHE_ALIGNED sync_cpus[MAX_CPUS];

static void queue_push(struct sync_queue *queue, struct sync_node *node)
{
    node->next = NULL;
    *queue->last = node;
    queue->last = &node->next;
}

static uint64_t all_cpus(void)
{
    return (1ul << cpu_count()) - 1;
}

/* Starts a round for everything open; returns the CPUs to interrupt. */
static uint64_t close_batch(void) REQUIRES(&sync_state.lock)
{
    struct sync_node *node = sync_state.open.first;
    uint64_t mask = all_cpus();
    uint64_t generation = sync_state.generation + 1;

    for (struct sync_node *each = node; each != NULL; each = each->next) {
        each->generation = generation;
        each->cpu_mask = mask;
    }
    *sync_state.waiting.last = node;
    sync_state.waiting.last = sync_state.open.last;
    sync_state.open.first = NULL;
    sync_state.open.last = &sync_state.open.first;
    sync_state.open_count = 0;
    __atomic_store_n(&sync_state.generation, generation, __ATOMIC_SEQ_CST);
    return mask;
}

void sync_defer(struct sync_node *node, void (*run)(struct sync_node *node))
{
    uint64_t mask = 0;

    node->run = run;
    spin_lock(&sync_state.lock);
    queue_push(&sync_state.open, node);
    if (++sync_state.open_count >= SYNC_BATCH) {
        mask = close_batch();
    }
    spin_unlock(&sync_state.lock);
    if (mask != 0) {
        arch_ipi_send(mask, ARCH_IPI_SYNC);
    }
}

void sync_flush(void)
{
    uint64_t mask = 0;

    if (__atomic_load_n(&sync_state.open.first, __ATOMIC_RELAXED) == NULL) {
        return;
    }
    spin_lock(&sync_state.lock);
    if (sync_state.open_count != 0) {
        mask = close_batch();
    }
    spin_unlock(&sync_state.lock);
    if (mask != 0) {
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
    uint32_t self = cpu_id();

    node->run = run;
    node->next = NULL;
    if (sync_cpus[self].posted_first == NULL) {
        sync_cpus[self].posted_first = node;
    } else {
        sync_cpus[self].posted_last->next = node;
    }
    sync_cpus[self].posted_last = node;
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
    if (node != NULL && is_complete(node)) {
        sync_state.waiting.first = node->next;
        if (node->next == NULL) {
            sync_state.waiting.last = &sync_state.waiting.first;
        }
    } else {
        node = NULL;
    }
    spin_unlock(&sync_state.lock);
    return node;
}

static struct sync_node *pop_posted(uint32_t self)
{
    struct sync_node *node = sync_cpus[self].posted_first;

    if (node != NULL) {
        sync_cpus[self].posted_first = node->next;
    }
    return node;
}

void sync_interrupt(void)
{
    uint32_t self = cpu_id();

    /* Read before the flush: a round that starts after this line sends an interrupt of its own. */
    uint64_t generation = __atomic_load_n(&sync_state.generation, __ATOMIC_SEQ_CST);

    arch_tlb_flush();
    __atomic_store_n(&sync_cpus[self].seen, generation, __ATOMIC_SEQ_CST);

    for (unsigned step = 0; step < SYNC_STEP; step++) {
        struct sync_node *node = pop_complete();

        if (node == NULL) {
            node = pop_posted(self);
        }
        if (node == NULL) {
            return;
        }
        node->run(node);
    }
    arch_ipi_send(cpu_self()->bit, ARCH_IPI_SYNC); /* there may be more */
}
