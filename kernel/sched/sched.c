/* SPDX-License-Identifier: MIT */
/* Choosing and switching. The ready queues themselves are in run_queue.c. */
#include "sched/sched.h"

#include "arch/cpu.h"
#include "arch/time.h"
#include "core/panic.h"
#include "mm/frame.h"
#include "sched/run_queue.h"

static void slice_fire(struct timer_node *timer, time_ns_t now);
static void deadline_fire(struct timer_node *timer, time_ns_t now);
static time_ns_t deadline_due(const struct timer_node *timer);

static struct run_queue *own_queue(void)
{
    return run_queue_get(cpu_id());
}

void sched_thread_init(struct thread *thread, uint8_t priority)
{
    thread->wait = 0;
    thread->deadline = DEADLINE_NEVER;
    thread->base_priority = thread->priority = priority;
    thread->affinity = UINT64_MAX;
    list_init(&thread->ready_link);
    timer_node_init(&thread->timer, deadline_fire, deadline_due);
}

void sched_cpu_init(struct cpu *cpu, struct address_root *kernel_root)
{
    struct run_queue *queue = run_queue_create(cpu);
    struct thread *idle = &queue->idle;

    sched_thread_init(idle, PRIORITY_IDLE);
    idle->root = kernel_root;
    idle->flags = THREAD_IDLE | THREAD_STARTED;
    idle->affinity = cpu->bit;
    cpu->on_cpu_tag = (uint16_t)(cpu->id << 8 | 1);
    idle->on_cpu_and_cpu = cpu->on_cpu_tag;
    arch_thread_init(&idle->arch);
    timer_node_init(&queue->slice, slice_fire, NULL);
    queue->switched_at = arch_time_now();
    cpu->current = idle;
}

/* --- Time slices --- */

/* Something of the running priority waits: from now on the slice timer ticks. */
static void slice_start(struct run_queue *queue)
{
    if (queue->slice.at == DEADLINE_NEVER) {
        queue->slice_owner = thread_current();
        timer_arm(&queue->slice, arch_time_now() + SCHED_SLICE_NS);
    }
}

static void slice_fire(struct timer_node *timer, time_ns_t now)
{
    struct run_queue *queue = CONTAINER_OF(timer, struct run_queue, slice);
    struct thread *current = thread_current();

    int ready = sched_ready_priority(cpu_id());

    if (ready < 0) {
        return; /* nothing waits; started again when something does */
    }
    /* A whole tick has passed since this thread was first seen: it has had its slice. It ticks on
     * while anything waits at all, because a more important thread may just happen to run now. */
    queue->slice_used = queue->slice_owner == current && ready >= (int)current->priority;
    queue->slice_owner = current;
    timer_arm(timer, now + SCHED_SLICE_NS);
}

/* --- Deadlines --- */

/* Reads the wait word before the deadline: if the word is still the same when the compare-and-swap
 * of sched_end_wait is tried, the deadline belonged to it. */
static time_ns_t deadline_due(const struct timer_node *timer)
{
    const struct thread *thread = CONTAINER_OF(timer, const struct thread, timer);

    if (!(wait_seen(thread) & THREAD_WAITING)) {
        return DEADLINE_NEVER;
    }
    return __atomic_load_n(&thread->deadline, __ATOMIC_ACQUIRE);
}

static void deadline_fire(struct timer_node *timer, time_ns_t now)
{
    struct thread *thread = CONTAINER_OF(timer, struct thread, timer);
    uint64_t seen = wait_seen(thread);

    if ((seen & THREAD_WAITING) && __atomic_load_n(&thread->deadline, __ATOMIC_ACQUIRE) <= now) {
        /* A sleep that lasted is no failure. If somebody else ended the wait, good. */
        (void)sched_end_wait(thread, seen,
                             thread->wait_ops->state == THREAD_STATE_WAIT_SLEEP ? 0 : -ETIMEDOUT);
    }
}

void sched_arm_deadline(struct thread *thread)
{
    /* Armed here for no later than needed: then it comes due in time, and looks again. The publish
     * of the wait word must be visible before `at` is read, or a timer that is just firing could
     * miss the wait; on another CPU's queue only the lock in timer_arm can tell. */
    if (thread->timer.cpu != cpu_id() || thread->timer.at > thread->deadline) {
        timer_arm_by(&thread->timer, thread->deadline);
    }
}

/* --- Switching --- */

/* Time since the last switch goes to the thread that had the CPU. */
static void account_time(struct run_queue *queue, struct thread *from)
{
    time_ns_t now = arch_time_now();

    from->cpu_ns += (uint64_t)(now - queue->switched_at);
    from->switched_at = now;
    queue->switched_at = now;
}

static void switch_to(struct run_queue *queue, struct thread *to)
{
    struct cpu *cpu = cpu_self();
    struct thread *from = cpu->current;

    account_time(queue, from);
    if (to == from) {
        return; /* it was woken before it had left */
    }
    queue->switches++;
    sched_switch(cpu, from, to);
    if (UNLIKELY(sched_ready_priority(cpu->id) == (int)to->priority) &&
        !(to->flags & THREAD_IDLE)) {
        slice_start(queue);
    }
}

/* The best thread for this CPU; its idle thread if there is none anywhere. */
static struct thread *choose(struct run_queue *queue)
{
    struct thread *thread;

    while ((thread = run_queue_pop(queue)) != NULL) {
        /* The current thread, woken before it had left, was queued here whatever its affinity
         * says; so was one whose affinity changed at that moment. */
        if (LIKELY(thread->affinity & cpu_self()->bit) || thread == thread_current()) {
            return thread;
        }
        sched_wake(thread);
    }
    thread = run_queue_steal(queue);
    return thread == NULL ? &queue->idle : thread;
}

int64_t sched_wait(time_ns_t deadline)
{
    struct run_queue *queue = own_queue();

    if (deadline != DEADLINE_NEVER) {
        sched_arm_deadline(thread_current());
    }
    switch_to(queue, choose(queue));
    return SYSCALL_RESUME;
}

int64_t sched_handoff(struct thread *to)
{
    struct cpu *cpu = cpu_self();
    struct run_queue *queue = run_queue_get(cpu->id);

    if ((to->affinity & cpu->bit) && !__atomic_load_n(&to->on_cpu, __ATOMIC_ACQUIRE) &&
        (int)to->priority >= run_queue_top(queue)) {
        switch_to(queue, to);
        return SYSCALL_RESUME;
    }
    sched_wake(to);
    switch_to(queue, choose(queue));
    return SYSCALL_RESUME;
}

int64_t sched_exit(void)
{
    struct run_queue *queue = own_queue();

    switch_to(queue, choose(queue));
    return SYSCALL_RESUME;
}

int64_t sched_yield(void)
{
    struct run_queue *queue = own_queue();
    struct thread *current = thread_current();
    struct thread *next;

    if (run_queue_top(queue) < (int)current->priority) {
        return 0;
    }
    frame_set_result(&current->frame, 0);
    next = run_queue_rotate(queue, current);
    switch_to(queue, next);
    return SYSCALL_RESUME;
}

/* A more important thread is ready, or the slice is used up: the current one goes back. */
static bool preempt(struct run_queue *queue)
{
    struct thread *current = thread_current();
    int top = run_queue_top(queue);
    bool is_idle = (current->flags & THREAD_IDLE) != 0;

    if (UNLIKELY(!(current->affinity & cpu_self()->bit))) {
        switch_to(queue, choose(queue)); /* first leave it, then it may go elsewhere */
        sched_wake(current);
        return true;
    }
    if (is_idle) {
        if (top < 0) {
            return false;
        }
        switch_to(queue, choose(queue));
        return true;
    }
    if (LIKELY(top < (int)current->priority)) {
        return false;
    }
    if (top > (int)current->priority) {
        run_queue_push_front(queue, current);
    } else if (queue->slice_used) {
        run_queue_push_back(queue, current);
    } else {
        return false;
    }
    queue->slice_used = false;
    switch_to(queue, choose(queue));
    return true;
}

int64_t sched_return(int64_t value)
{
    struct run_queue *queue = own_queue();
    struct thread *current = thread_current();

    if (LIKELY(run_queue_top(queue) <= (int)current->priority)) {
        return value;
    }
    frame_set_result(&current->frame, value);
    run_queue_push_front(queue, current);
    switch_to(queue, choose(queue));
    return SYSCALL_RESUME;
}

void sched_interrupt_return(void)
{
    struct run_queue *queue = own_queue();

    if (!preempt(queue) && !(thread_current()->flags & THREAD_IDLE) &&
        UNLIKELY(run_queue_top(queue) == (int)thread_current()->priority)) {
        slice_start(queue);
    }
}

void sched_idle(void)
{
    struct run_queue *queue = own_queue();
    struct thread *next;

    run_queue_idle(queue, true); /* before the last look: see sched_wake */
    next = choose(queue);
    if (next != &queue->idle) {
        run_queue_idle(queue, false);
        switch_to(queue, next);
        arch_resume();
    }
    sync_flush();
    account_time(queue, &queue->idle);
    arch_idle_wait();
}

/* --- Waking --- */

/* The thread is ready on a CPU, or has another place there: that CPU may have to look. */
static void ready_notice(const struct thread *thread, uint32_t target)
{
    struct cpu *self = cpu_self();

    if (target == self->id) {
        if (thread->priority == self->current->priority && !(self->current->flags & THREAD_IDLE)) {
            slice_start(run_queue_get(target));
        }
        return;
    }
    /* What runs there is read without a lock. If it changes later, it changes by a look at the
     * queue, which has the thread. The queue's entry must be visible before `current` is read, or
     * that CPU could go idle on an old look at its queue while we see the thread it ran before:
     * pairs with the barrier in run_queue_idle. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    struct thread *running = __atomic_load_n(&cpu_get(target)->current, __ATOMIC_RELAXED);

    if ((running->flags & THREAD_IDLE) || thread->priority >= running->priority) {
        arch_ipi_send(1ul << target, ARCH_IPI_RESCHEDULE);
    }
}

void sched_wake(struct thread *thread)
{
    uint32_t target = run_queue_place(thread);

    run_queue_push_back(run_queue_get(target), thread);
    ready_notice(thread, target);
}

bool sched_end_wait(struct thread *thread, uint64_t seen, int64_t result)
{
    if (!wait_try_end(thread, seen)) {
        return false;
    }
    if (thread->wait_ops->unlink != NULL) {
        thread->wait_ops->unlink(thread);
    }
    frame_set_result(&thread->frame, result);
    sched_wake(thread);
    return true;
}

/* --- Changes --- */

void sched_set_priority(struct thread *thread, uint8_t priority)
{
    if (run_queue_reprioritize(thread, priority)) {
        ready_notice(thread, thread->cpu);
    } else if (thread->on_cpu && thread->cpu != cpu_id()) {
        arch_ipi_send(1ul << thread->cpu, ARCH_IPI_RESCHEDULE);
    }
}

void sched_set_affinity(struct thread *thread, uint64_t affinity)
{
    __atomic_store_n(&thread->affinity, affinity, __ATOMIC_RELAXED);
    if (sched_remove(thread)) {
        sched_wake(thread);
    } else if (thread->on_cpu && !(affinity & (1ul << thread->cpu))) {
        arch_ipi_send(1ul << thread->cpu, ARCH_IPI_RESCHEDULE);
    }
}

bool sched_remove(struct thread *thread)
{
    return run_queue_remove(thread);
}

int sched_ready_priority(uint32_t cpu)
{
    return run_queue_top(run_queue_get(cpu));
}

void sched_figures(uint32_t cpu, struct sched_figures *ret_figures)
{
    const struct run_queue *queue = run_queue_get(cpu);

    ret_figures->idle_ns = queue->idle.cpu_ns;
    ret_figures->switches = queue->switches;
}
