/* SPDX-License-Identifier: MIT */
#include "sched/run_queue.h"

#include "core/panic.h"
#include "mm/frame.h"

#define STEAL_SCAN 8 /* threads of a queue looked at by a thief */

static struct {
    struct run_queue *queues[MAX_CPUS];
    uint64_t idle_cpus; /* atomic; a hint */
} run_queue_state;

static unsigned queue_order(void)
{
    unsigned order = 0;

    while ((PAGE_SIZE << order) < sizeof(struct run_queue)) {
        order++;
    }
    return order;
}

struct run_queue *run_queue_create(struct cpu *cpu)
{
    struct paddr frame;
    struct run_queue *queue;

    if (frame_alloc_zeroed(queue_order(), &frame) != 0) {
        panic("no memory for the run queue of CPU %u", cpu->id);
    }
    queue = arch_direct_map(frame);
    spinlock_init(&queue->lock, LOCK_RANK_RUN_QUEUE);
    queue->cpu = cpu;
    cpu->ready_top = -1;
    for (unsigned i = 0; i < 256; i++) {
        list_init(&queue->lists[i]);
    }
    run_queue_state.queues[cpu->id] = queue;
    return queue;
}

struct run_queue *run_queue_get(uint32_t cpu)
{
    return run_queue_state.queues[cpu];
}

static void top_set(struct run_queue *queue, int priority)
{
    __atomic_store_n(&queue->cpu->ready_top, priority, __ATOMIC_RELAXED);
}

static struct thread *ready_thread(struct list *link)
{
    return CONTAINER_OF(link, struct thread, ready_link);
}

/* The thread is queued here from now on; run_queue_remove finds it by its cpu field. */
static void link_locked(struct run_queue *queue, struct thread *thread, bool at_front)
    REQUIRES(&queue->lock)
{
    uint8_t priority = __atomic_load_n(&thread->priority, __ATOMIC_RELAXED);
    struct list *list = &queue->lists[priority];

    if (at_front) {
        list_push_front(list, &thread->ready_link);
    } else {
        list_push_back(list, &thread->ready_link);
    }
    thread->queued_priority = priority;
    bitmap256_set(&queue->ready, priority);
    queue->ready_count++;
    if ((int)priority > run_queue_top(queue)) {
        top_set(queue, (int)priority);
    }
}

static void unlink_locked(struct run_queue *queue, struct thread *thread) REQUIRES(&queue->lock)
{
    uint8_t priority = thread->queued_priority;

    list_remove(&thread->ready_link);
    queue->ready_count--;
    if (list_is_empty(&queue->lists[priority])) {
        bitmap256_clear(&queue->ready, priority);
        if ((int)priority == run_queue_top(queue)) {
            top_set(queue, bitmap256_highest(&queue->ready));
        }
    }
}

static uint32_t cpu_of(const struct run_queue *queue)
{
    return queue->cpu->id;
}

static void push(struct run_queue *queue, struct thread *thread, bool at_front)
{
    spin_lock(&queue->lock);
    __atomic_store_n(&thread->cpu, (uint8_t)cpu_of(queue), __ATOMIC_RELAXED);
    link_locked(queue, thread, at_front);
    spin_unlock(&queue->lock);
}

void run_queue_push_back(struct run_queue *queue, struct thread *thread)
{
    push(queue, thread, false);
}

void run_queue_push_front(struct run_queue *queue, struct thread *thread)
{
    push(queue, thread, true);
}

struct thread *run_queue_pop(struct run_queue *queue)
{
    struct thread *thread = NULL;

    if (run_queue_top(queue) < 0) {
        return NULL;
    }
    spin_lock(&queue->lock);
    if (run_queue_top(queue) >= 0) {
        thread = ready_thread(list_first(&queue->lists[run_queue_top(queue)]));
        unlink_locked(queue, thread);
    }
    spin_unlock(&queue->lock);
    return thread;
}

struct thread *run_queue_rotate(struct run_queue *queue, struct thread *current)
{
    struct thread *next;

    spin_lock(&queue->lock);
    link_locked(queue, current, false);
    next = ready_thread(list_first(&queue->lists[run_queue_top(queue)]));
    unlink_locked(queue, next);
    spin_unlock(&queue->lock);
    return next;
}

/* One victim's queue: the first few threads of its highest priorities. */
static struct thread *steal_from(struct run_queue *victim, uint64_t cpu_bit)
{
    struct thread *found = NULL;
    unsigned looked_at = 0;

    spin_lock(&victim->lock);
    for (int priority = run_queue_top(victim); priority >= 0 && looked_at < STEAL_SCAN;
         priority--) {
        LIST_FOREACH (each, &victim->lists[priority]) {
            struct thread *thread = ready_thread(each);

            /* One that its CPU has not let go of yet cannot run here. */
            if ((thread->affinity & cpu_bit) &&
                !__atomic_load_n(&thread->on_cpu, __ATOMIC_ACQUIRE)) {
                found = thread;
                break;
            }
            if (++looked_at >= STEAL_SCAN) {
                break;
            }
        }
        if (found != NULL) {
            unlink_locked(victim, found);
            break;
        }
    }
    spin_unlock(&victim->lock);
    return found;
}

struct thread *run_queue_steal(struct run_queue *queue)
{
    uint32_t self = cpu_of(queue);
    uint32_t count = cpu_count();

    for (uint32_t i = 1; i < count; i++) {
        struct run_queue *victim = run_queue_state.queues[(self + i) % count];

        if (victim != NULL && run_queue_top(victim) >= 0) {
            struct thread *thread = steal_from(victim, 1ul << self);

            if (thread != NULL) {
                return thread;
            }
        }
    }
    return NULL;
}

void run_queue_idle(struct run_queue *queue, bool is_idle)
{
    uint64_t bit = 1ul << cpu_of(queue);

    /* Full barriers: see sched_wake. */
    if (is_idle) {
        __atomic_fetch_or(&run_queue_state.idle_cpus, bit, __ATOMIC_SEQ_CST);
    } else {
        __atomic_fetch_and(&run_queue_state.idle_cpus, ~bit, __ATOMIC_SEQ_CST);
    }
}

uint32_t run_queue_place(const struct thread *thread)
{
    uint32_t last = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
    uint32_t count = cpu_count();

    if (count == 1 || __atomic_load_n(&thread->on_cpu, __ATOMIC_ACQUIRE)) {
        return last;
    }
    uint64_t allowed = thread->affinity & ((1ul << count) - 1);
    uint64_t idle = __atomic_load_n(&run_queue_state.idle_cpus, __ATOMIC_RELAXED) & allowed;
    uint32_t self = cpu_id();

    if (idle != 0) {
        uint32_t choice = (idle >> last) & 1 ? last : bit_lowest_u64(idle);

        __atomic_fetch_and(&run_queue_state.idle_cpus, ~(1ul << choice), __ATOMIC_RELAXED);
        return choice;
    }
    if ((allowed >> last) & 1) {
        return last;
    }
    return (allowed >> self) & 1 ? self : bit_lowest_u64(allowed);
}

/* Locks the queue that the thread is in; NULL if it is in none. */
static struct run_queue *lock_queue_of(struct thread *thread) NO_THREAD_SAFETY_ANALYSIS
{
    for (;;) {
        uint32_t cpu = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
        struct run_queue *queue = run_queue_state.queues[cpu];

        spin_lock(&queue->lock);
        if (__atomic_load_n(&thread->cpu, __ATOMIC_RELAXED) == cpu) {
            if (list_is_linked(&thread->ready_link)) {
                return queue;
            }
            spin_unlock(&queue->lock);
            return NULL;
        }
        spin_unlock(&queue->lock);
    }
}

bool run_queue_remove(struct thread *thread) NO_THREAD_SAFETY_ANALYSIS
{
    struct run_queue *queue = lock_queue_of(thread);

    if (queue == NULL) {
        return false;
    }
    unlink_locked(queue, thread);
    spin_unlock(&queue->lock);
    return true;
}

bool run_queue_reprioritize(struct thread *thread, uint8_t priority) NO_THREAD_SAFETY_ANALYSIS
{
    struct run_queue *queue;

    /* First, so that whoever queues it at this moment either sees this or is seen below. */
    __atomic_store_n(&thread->priority, priority, __ATOMIC_SEQ_CST);
    queue = lock_queue_of(thread);
    if (queue != NULL) {
        if (thread->queued_priority != priority) {
            unlink_locked(queue, thread);
            link_locked(queue, thread, false);
        }
        spin_unlock(&queue->lock);
    }
    return queue != NULL;
}
