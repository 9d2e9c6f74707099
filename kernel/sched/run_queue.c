/* SPDX-License-Identifier: MIT */
#include "sched/run_queue.h"

#include "core/panic.h"
#include "mm/frame.h"

#define STEAL_SCAN 8 /* threads of a queue looked at by a thief */

static struct {
    struct run_queue *queues[MAX_CPUS];
    uint64_t idle_cpus; /* atomic; a hint */
} run_queue_state;

struct run_queue *run_queue_create(struct cpu *cpu)
{
    struct paddr frame;
    struct run_queue *queue;

    if (frame_alloc_zeroed(frame_order(sizeof(struct run_queue)), &frame) != 0) {
        panic("no memory for the run queue of CPU %u", cpu->id);
    }
    queue = arch_direct_map(frame);
    spinlock_init(&queue->lock, LOCK_RANK_RUN_QUEUE);
    queue->cpu = cpu;
    queue->ticks = queue->turn = 1;
    list_init(&queue->parked);
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
    thread->turn = at_front ? queue->turn : 0;
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
    if (LIKELY(--queue->ready_count == 0)) {
        queue->ready.words[priority / 64] = queue->ready.summary = 0;
        top_set(queue, -1);
    } else if (list_is_empty(&queue->lists[priority])) {
        bitmap256_clear(&queue->ready, priority);
        top_set(queue, bitmap256_highest(&queue->ready));
    }
}

static uint32_t cpu_of(const struct run_queue *queue)
{
    return queue->cpu->id;
}

static bool push(struct run_queue *queue, struct thread *thread, bool at_front)
{
    bool was_empty;

    spin_lock(&queue->lock);
    was_empty = queue->ready_count == 0;
    __atomic_store_n(&thread->cpu, (uint8_t)cpu_of(queue), __ATOMIC_RELAXED);
    link_locked(queue, thread, at_front);
    spin_unlock(&queue->lock);
    return was_empty;
}

bool run_queue_push_back(struct run_queue *queue, struct thread *thread)
{
    return push(queue, thread, false);
}

bool run_queue_push_front(struct run_queue *queue, struct thread *thread)
{
    return push(queue, thread, true);
}

/* The first of the highest priority, which there is; its turn begins, or goes on. */
static ALWAYS_INLINE struct thread *take_first_locked(struct run_queue *queue)
    REQUIRES(&queue->lock)
{
    struct thread *thread = ready_thread(queue->lists[run_queue_top(queue)].next);

    unlink_locked(queue, thread);
    queue->turn = thread->turn != 0 ? thread->turn : queue->ticks;
    return thread;
}

struct thread *run_queue_pop(struct run_queue *queue)
{
    struct thread *thread = NULL;

    if (run_queue_top(queue) < 0) {
        return NULL;
    }
    spin_lock(&queue->lock);
    if (run_queue_top(queue) >= 0) {
        thread = take_first_locked(queue);
    }
    spin_unlock(&queue->lock);
    return thread;
}

struct thread *run_queue_rotate(struct run_queue *queue, struct thread *current)
{
    struct thread *next = current;

    spin_lock(&queue->lock);
    /* Read once, under the lock: see run_queue_reprioritize. */
    uint8_t priority = __atomic_load_n(&current->priority, __ATOMIC_RELAXED);
    struct list *list = &queue->lists[priority];

    /* One for one in the same list: nothing else changes. */
    if (cpu_self()->ready_top == (int)priority) {
        next = ready_thread(list->next);
        list_remove(&next->ready_link);
        list_push_back(list, &current->ready_link);
        current->queued_priority = priority;
        current->turn = 0;
        queue->turn = queue->ticks;
    }
    spin_unlock(&queue->lock);
    return next;
}

/* Takes out of the first few threads of the highest priorities the first for which `better_place`
 * finds another CPU. One that its CPU has not let go of yet cannot run elsewhere. */
static struct thread *take_for(struct run_queue *queue, uint64_t argument, uint32_t *ret_cpu,
                               bool (*better_place)(const struct thread *thread, uint64_t argument,
                                                    uint32_t *ret_cpu))
{
    unsigned looked_at = 0;

    spin_lock(&queue->lock);
    for (int priority = run_queue_top(queue); priority >= 0 && looked_at < STEAL_SCAN; priority--) {
        LIST_FOREACH (each, &queue->lists[priority]) {
            struct thread *thread = ready_thread(each);

            if (!__atomic_load_n(&thread->on_cpu, __ATOMIC_ACQUIRE) &&
                better_place(thread, argument, ret_cpu)) {
                unlink_locked(queue, thread);
                spin_unlock(&queue->lock);
                return thread;
            }
            if (++looked_at >= STEAL_SCAN) {
                break;
            }
        }
    }
    spin_unlock(&queue->lock);
    return NULL;
}

static bool may_steal(const struct thread *thread, uint64_t cpu, uint32_t *ret_cpu)
{
    *ret_cpu = (uint32_t)cpu;
    return thread->affinity >> cpu & 1;
}

struct thread *run_queue_steal(struct run_queue *queue)
{
    uint32_t self = cpu_of(queue), ignored;
    uint32_t count = cpu_count();

    for (uint32_t i = 1; i < count; i++) {
        struct run_queue *victim = run_queue_state.queues[(self + i) % count];

        if (victim != NULL && run_queue_top(victim) >= 0) {
            struct thread *thread = take_for(victim, self, &ignored, may_steal);

            if (thread != NULL) {
                queue->turn = queue->ticks;
                return thread;
            }
        }
    }
    return NULL;
}

void run_queue_idle(struct run_queue *queue, bool is_idle)
{
    uint64_t bit = 1ul << cpu_of(queue);

    if (is_idle) {
        __atomic_fetch_or(&run_queue_state.idle_cpus, bit, __ATOMIC_SEQ_CST);
    } else {
        __atomic_fetch_and(&run_queue_state.idle_cpus, ~bit, __ATOMIC_SEQ_CST);
    }
}

uint64_t run_queue_claim_idle(const struct thread *thread)
{
    uint64_t idle = __atomic_load_n(&run_queue_state.idle_cpus, __ATOMIC_RELAXED);
    uint64_t allowed = idle & thread->affinity;
    uint64_t last = 1ul << __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
    uint64_t choice = allowed & last ? last : allowed & -allowed;

    if (choice != 0) {
        __atomic_fetch_and(&run_queue_state.idle_cpus, ~choice, __ATOMIC_RELAXED);
    }
    return choice;
}

/* The highest priority that wants a CPU, -1 if it is idle. Read without locks. */
static int load_of(uint32_t id)
{
    const struct cpu *cpu = cpu_get(id);
    const struct thread *current = __atomic_load_n(&cpu->current, __ATOMIC_RELAXED);
    int top = __atomic_load_n(&cpu->ready_top, __ATOMIC_RELAXED);
    int priority = current->flags & THREAD_IDLE ? -1 : current->priority;

    return priority > top ? priority : top;
}

/* The CPU with the least load of those it may run on, its last one rather than others. */
static uint32_t least_loaded(const struct thread *thread, int *ret_load)
{
    uint64_t allowed = thread->affinity & ((1ul << cpu_count()) - 1);
    uint32_t best = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
    int least = allowed >> best & 1 ? load_of(best) : 256;

    for (; allowed != 0 && least >= (int)thread->priority; allowed &= allowed - 1) {
        uint32_t id = bit_lowest_u64(allowed);
        int load = load_of(id);

        if (load < least) {
            least = load;
            best = id;
        }
    }
    *ret_load = least;
    return best;
}

uint32_t run_queue_place(const struct thread *thread)
{
    uint64_t idle = run_queue_claim_idle(thread);
    int ignored;

    return idle != 0 ? bit_lowest_u64(idle) : least_loaded(thread, &ignored);
}

static bool would_run_sooner(const struct thread *thread, uint64_t priority, uint32_t *ret_cpu)
{
    int load;

    *ret_cpu = least_loaded(thread, &load);
    return *ret_cpu != cpu_id() && (load < (int)thread->priority ||
                                    (load == (int)thread->priority && priority > thread->priority));
}

struct thread *run_queue_shed(struct run_queue *queue, uint8_t priority, uint32_t *ret_cpu)
{
    return cpu_count() == 1 ? NULL : take_for(queue, priority, ret_cpu, would_run_sooner);
}

void run_queue_park(struct run_queue *queue, struct thread *thread)
{
    spin_lock(&queue->lock);
    __atomic_store_n(&thread->cpu, (uint8_t)cpu_of(queue), __ATOMIC_RELAXED);
    thread->is_parked = true;
    list_push_back(&queue->parked, &thread->ready_link);
    spin_unlock(&queue->lock);
}

static void unpark_locked(struct thread *thread)
{
    list_remove(&thread->ready_link);
    thread->is_parked = false;
}

struct thread *run_queue_unpark(struct run_queue *queue)
{
    struct thread *thread = NULL;

    spin_lock(&queue->lock);
    if (!list_is_empty(&queue->parked)) {
        thread = ready_thread(queue->parked.next);
        unpark_locked(thread);
    }
    spin_unlock(&queue->lock);
    return thread;
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
    if (UNLIKELY(thread->is_parked)) {
        unpark_locked(thread);
    } else {
        unlink_locked(queue, thread);
    }
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
        if (!thread->is_parked && thread->queued_priority != priority) {
            unlink_locked(queue, thread);
            link_locked(queue, thread, false);
        }
        spin_unlock(&queue->lock);
    }
    return queue != NULL;
}
