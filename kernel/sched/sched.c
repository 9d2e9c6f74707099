/* SPDX-License-Identifier: MIT */
/* Choosing and switching. The ready queues themselves are in run_queue.c. */
#include "sched/sched.h"

#include "arch/cpu.h"
#include "arch/time.h"
#include "core/panic.h"
#include "core/trace.h"
#include "mm/frame.h"
#include "sched/bandwidth.h"
#include "sched/redirect.h"
#include "sched/run_queue.h"

#define PARK_STEP 16 /* threads parked, or let go on, in one go */

static void slice_fire(struct timer_node *timer, time_ns_t now);
static void push_to(uint32_t target, struct thread *thread);
static void account_time(struct run_queue *queue, struct thread *from);
static void refill_fire(struct timer_node *timer, time_ns_t now);
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
    thread->affinity = thread->wanted_affinity = UINT64_MAX;
    list_init(&thread->ready_link);
    timer_node_init(&thread->timer, deadline_fire, deadline_due);
}

COLD void sched_cpu_init(struct cpu *cpu, struct address_root *kernel_root)
{
    struct run_queue *queue = run_queue_create(cpu);
    struct thread *idle = &queue->idle;

    sched_thread_init(idle, PRIORITY_IDLE);
    idle->root = kernel_root;
    idle->flags = THREAD_IDLE | THREAD_STARTED;
    idle->affinity = cpu->bit;
    cpu->fast_bit = cpu->bit;
    cpu->on_cpu_tag = (uint16_t)(cpu->id << 8 | 1);
    idle->on_cpu_and_cpu = cpu->on_cpu_tag;
    arch_thread_init(&idle->arch);
    timer_node_init(&queue->slice, slice_fire, NULL);
    timer_node_init(&queue->refill, refill_fire, NULL);
    queue->switched_at = arch_time_now();
    cpu->current = idle;
}

/* --- Time slices --- */

/* Something is queued here: from now on the slice timer ticks. */
static void slice_start(struct run_queue *queue)
{
    if (queue->slice.at == DEADLINE_NEVER) {
        timer_arm(&queue->slice, arch_time_now() + SCHED_SLICE_NS);
    }
}

/* Whether it has to tick: something is queued, or what runs may use up its job's CPU time. */
static bool must_tick(const struct run_queue *queue)
{
    return run_queue_top(queue) >= 0 ||
           (UNLIKELY(bandwidth_in_use) && !(thread_current()->flags & THREAD_IDLE));
}

/* A whole tick has passed over the turn of what runs. */
static bool is_turn_over(const struct run_queue *queue)
{
    return queue->ticks - queue->turn >= 2;
}

static void slice_fire(struct timer_node *timer, time_ns_t now)
{
    struct run_queue *queue = CONTAINER_OF(timer, struct run_queue, slice);
    struct thread *thread;
    uint32_t target;

    queue->ticks++;
    if (!must_tick(queue)) {
        return; /* started again when it must */
    }
    timer_arm(timer, now + SCHED_SLICE_NS);
    account_time(queue, thread_current());
    thread = run_queue_shed(queue, thread_current()->priority, &target);
    if (thread != NULL) {
        push_to(target, thread);
    }
}

/* The current thread has to let others go first. */
static void put_back(struct run_queue *queue, struct thread *current)
{
    if (is_turn_over(queue)) {
        run_queue_push_back(queue, current);
    } else {
        run_queue_push_front(queue, current);
    }
    slice_start(queue);
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
        if (thread->wait_ops->expired != NULL && thread->wait_ops->expired(thread, seen, now)) {
            return;
        }
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
    if (UNLIKELY(bandwidth_in_use)) {
        bandwidth_charge(from->object.account, now - queue->switched_at, now);
    }
    queue->switched_at = now;
}

/* --- Bandwidth of jobs --- */

/* Sets a thread aside that may not run before the next period; one that may is going to tick. */
static NEVER_INLINE bool park_if_spent(struct run_queue *queue, struct thread *thread)
{
    time_ns_t now = arch_time_now();

    if (!bandwidth_is_spent(thread->object.account, now)) {
        slice_start(queue);
        return false;
    }
    run_queue_park(queue, thread);
    timer_arm_by(&queue->refill, bandwidth_next_period(now));
    return true;
}

/* A period begins: all that are set aside here are looked at again when they are chosen. */
static void refill_fire(struct timer_node *timer, time_ns_t now)
{
    struct run_queue *queue = CONTAINER_OF(timer, struct run_queue, refill);

    for (unsigned step = 0; step < PARK_STEP; step++) {
        struct thread *thread = run_queue_unpark(queue);

        if (thread == NULL) {
            return;
        }
        sched_wake(thread);
    }
    timer_arm(timer, now); /* there may be more */
}

void sched_count_time(void)
{
    __atomic_store_n(&bandwidth_in_use, true, __ATOMIC_RELAXED);
    arch_ipi_send((1ul << cpu_count()) - 1, ARCH_IPI_RESCHEDULE);
}

/* Returns SYSCALL_RESUME. */
static int64_t switch_to(struct run_queue *queue, struct thread *to)
{
    struct cpu *cpu = cpu_self();
    struct thread *from = cpu->current;

    account_time(queue, from);
    if (to == from) {
        arch_thread_switch(cpu, from, to); /* it was woken before it had left, and may be changed */
        return SYSCALL_RESUME;
    }
    queue->switches++;
    if (trace_on(TRACE_KIND(TRACE_SWITCH))) {
        trace_switch(to, from);
    }
    if (UNLIKELY(to->flags & THREAD_KICKED)) {
        to->hot = &handle_none; /* so the fast path declines */
        redirect_kick(to);
    }
    sched_switch(cpu, from, to);
    /* It may have been put back into the queue, and could not be stolen until now. */
    if (UNLIKELY(cpu->ready_top >= 0) && cpu_count() > 1 && list_is_linked(&from->ready_link)) {
        uint64_t idle = run_queue_claim_idle(from);

        if (idle != 0) {
            arch_ipi_send(idle, ARCH_IPI_RESCHEDULE);
        }
    }
    return SYSCALL_RESUME;
}

/* Goes on choosing where the first ready thread, if there is one, is not what it shall be. */
static NEVER_INLINE struct thread *choose_on(struct run_queue *queue, struct thread *thread)
{
    for (unsigned step = 0; step < PARK_STEP; step++) {
        if (thread == NULL && (thread = run_queue_steal(queue)) == NULL) {
            return &queue->idle;
        }
        /* The current thread, woken before it had left, was queued here whatever its affinity
         * says; so was one whose affinity changed at that moment. */
        if (!(thread->affinity & cpu_self()->bit) && thread != thread_current()) {
            sched_stop_or_wake(thread);
        } else if (!bandwidth_in_use || !park_if_spent(queue, thread)) {
            return thread;
        }
        thread = run_queue_pop(queue);
    }
    if (thread != NULL) {
        (void)run_queue_push_front(queue, thread);
    }
    arch_ipi_send(cpu_self()->bit, ARCH_IPI_RESCHEDULE); /* there may be more */
    return &queue->idle;
}

/* The best thread for this CPU; its idle thread if there is none anywhere. */
static struct thread *choose(struct run_queue *queue)
{
    struct thread *thread = run_queue_pop(queue);

    return LIKELY(thread != NULL && (thread->affinity & cpu_self()->bit) && !bandwidth_in_use)
               ? thread
               : choose_on(queue, thread);
}

int64_t sched_wait(time_ns_t deadline)
{
    struct run_queue *queue = own_queue();

    if (deadline != DEADLINE_NEVER) {
        sched_arm_deadline(thread_current());
    }
    if (UNLIKELY(thread_current()->flags & THREAD_KICKED)) {
        thread_current()->hot = &handle_none;
        (void)sched_kick(thread_current());
    }
    return switch_to(queue, choose(queue));
}

int64_t sched_handoff(struct thread *to)
{
    struct cpu *cpu = cpu_self();
    struct run_queue *queue = run_queue_get(cpu->id);

    if ((to->affinity & cpu->bit) && !__atomic_load_n(&to->on_cpu, __ATOMIC_ACQUIRE) &&
        (int)to->priority >= run_queue_top(queue)) {
        return switch_to(queue, to);
    }
    sched_wake(to);
    return switch_to(queue, choose(queue));
}

int64_t sched_exit(void)
{
    struct run_queue *queue = own_queue();

    return switch_to(queue, choose(queue));
}

int64_t sched_yield(void)
{
    struct thread *current = thread_current();
    struct run_queue *queue;
    struct thread *next;

    if (cpu_self()->ready_top < (int)current->priority) {
        return 0;
    }
    queue = own_queue();
    frame_set_result(&current->frame, 0);
    next = run_queue_rotate(queue, current);
    if (UNLIKELY(!(next->affinity & cpu_self()->bit)) && next != current) {
        sched_stop_or_wake(next); /* its affinity changed on its way into this queue */
        next = choose(queue);
    }
    return switch_to(queue, next);
}

/* A more important thread is ready, or the slice is used up: the current one goes back. */
static void preempt(struct run_queue *queue)
{
    struct thread *current = thread_current();
    int top = run_queue_top(queue);
    bool is_idle = (current->flags & THREAD_IDLE) != 0;

    if (UNLIKELY(!(current->affinity & cpu_self()->bit))) {
        (void)switch_to(queue, choose(queue)); /* first leave it, then it may go elsewhere */
        sched_stop_or_wake(current);
        return;
    }
    if (is_idle) {
        if (top >= 0) {
            (void)switch_to(queue, choose(queue));
        }
        return;
    }
    if (top > (int)current->priority || (top == (int)current->priority && is_turn_over(queue)) ||
        (UNLIKELY(bandwidth_in_use) &&
         bandwidth_is_spent(current->object.account, arch_time_now()))) {
        put_back(queue, current);
        (void)switch_to(queue, choose(queue));
    }
}

int64_t sched_return(int64_t value)
{
    struct thread *current = thread_current();
    struct run_queue *queue;

    if (LIKELY(cpu_self()->ready_top <= (int)current->priority)) {
        return value;
    }
    queue = own_queue();
    frame_set_result(&current->frame, value);
    put_back(queue, current);
    return switch_to(queue, choose(queue));
}

void sched_interrupt_return(void)
{
    struct run_queue *queue = own_queue();

    preempt(queue);
    if (UNLIKELY(must_tick(queue))) {
        slice_start(queue); /* also for what others have put here */
    }
}

void sched_idle(void)
{
    struct run_queue *queue = own_queue();
    struct thread *next;

    run_queue_idle(queue, true); /* before the last look */
    next = choose(queue);
    if (next != &queue->idle) {
        run_queue_idle(queue, false);
        (void)switch_to(queue, next);
        arch_resume();
    }
    sync_flush();
    account_time(queue, &queue->idle);
    arch_idle_wait();
}

/* --- Waking --- */

/* The thread is queued at another CPU. If the queue was not empty, its slice timer ticks, or an
 * interrupt that starts it is on its way. */
static void notice_remote(const struct thread *thread, uint32_t target, bool was_empty)
{
    /* What runs there is read without a lock: only a more important thread depends on it, and waits
     * for the next tick at the longest. */
    if (was_empty ||
        thread->priority > __atomic_load_n(&cpu_get(target)->current, __ATOMIC_RELAXED)->priority) {
        arch_ipi_send(1ul << target, ARCH_IPI_RESCHEDULE);
    }
}

static void push_to(uint32_t target, struct thread *thread)
{
    struct run_queue *queue = run_queue_get(target);
    bool was_empty = run_queue_push_back(queue, thread);

    if (UNLIKELY(target != cpu_id())) {
        notice_remote(thread, target, was_empty);
    } else if (was_empty && !(thread_current()->flags & THREAD_IDLE)) {
        slice_start(queue); /* else at the end of the interrupt that ends idling */
    }
}

void sched_wake(struct thread *thread)
{
    push_to(cpu_count() == 1 || __atomic_load_n(&thread->on_cpu, __ATOMIC_ACQUIRE)
                ? __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED)
                : run_queue_place(thread),
            thread);
}

bool sched_end_wait(struct thread *thread, uint64_t seen, int64_t result)
{
    if (!wait_try_end(thread, seen)) {
        return false;
    }
    if (thread->wait_ops->unlink != NULL) {
        thread->wait_ops->unlink(thread);
    }
    if (trace_on(TRACE_KIND(TRACE_REPLY_RECEIVED))) {
        trace_wait_failed(thread, result);
    }
    frame_set_result(&thread->frame, result);
    sched_wake(thread);
    return true;
}

bool sched_kick(struct thread *thread)
{
    uint64_t seen = wait_seen(thread);
    const struct wait_ops *ops = thread->wait_ops; /* of a later wait: then `seen` ends nothing */

    /* An exception would go on without an answer. */
    if (!(seen & THREAD_WAITING) || ops->state == THREAD_STATE_WAIT_KERNEL ||
        thread->fault.level != 0 || !thread_take_kick(thread)) {
        return false;
    }
    if (ops->kicked != NULL ? ops->kicked(thread, seen) : sched_end_wait(thread, seen, -EINTR)) {
        return true;
    }
    /* It had ended: the next one, then. Meanwhile the thread may have looked in vain. */
    __atomic_fetch_or(&thread->flags, THREAD_KICKED | THREAD_CHASE_MORE, __ATOMIC_SEQ_CST);
    return false;
}

/* --- Changes --- */

void sched_set_priority(struct thread *thread, uint8_t priority)
{
    if (run_queue_reprioritize(thread, priority)) {
        notice_remote(thread, thread->cpu, false); /* or here: who calls returns by sched_return */
    } else if (thread->on_cpu && thread->cpu != cpu_id()) {
        arch_ipi_send(1ul << thread->cpu, ARCH_IPI_RESCHEDULE);
    }
}

/* Under the lock the mask says whether the thread is suspended: then it stops here. */
static bool stop_locked(struct thread *thread) REQUIRES(&thread->object.signal_lock)
{
    if (thread->affinity != 0) {
        return false;
    }
    __atomic_fetch_or(&thread->flags, THREAD_STOPPED, __ATOMIC_SEQ_CST);
    object_signal_locked(&thread->object, 0, SIGNAL_SUSPENDED);
    return true;
}

void sched_stop_or_wake(struct thread *thread)
{
    bool is_stopped;

    spin_lock(&thread->object.signal_lock);
    is_stopped = stop_locked(thread);
    spin_unlock(&thread->object.signal_lock);
    if (!is_stopped) {
        sched_wake(thread);
    }
}

bool sched_take_stopped(struct thread *thread)
{
    return __atomic_fetch_and(&thread->flags, ~THREAD_STOPPED, __ATOMIC_SEQ_CST) & THREAD_STOPPED;
}

/* True if it is ready, and ours. Where it is in none of the places looked at, some CPU that has
 * seen the mask before may be about to run it: the interrupt comes after that. */
static bool set_affinity_locked(struct thread *thread, uint64_t affinity)
    REQUIRES(&thread->object.signal_lock)
{
    __atomic_store_n(&thread->affinity, affinity, __ATOMIC_SEQ_CST);
    if (run_queue_remove(thread) || sched_take_stopped(thread)) {
        return !stop_locked(thread);
    }
    arch_ipi_send(((1ul << cpu_count()) - 1) & ~affinity, ARCH_IPI_RESCHEDULE);
    return false;
}

void sched_set_affinity(struct thread *thread, uint64_t affinity)
{
    bool is_ready = false;

    spin_lock(&thread->object.signal_lock);
    thread->wanted_affinity = affinity;
    if (thread->affinity != 0) {
        is_ready = set_affinity_locked(thread, affinity);
    }
    spin_unlock(&thread->object.signal_lock);
    if (is_ready) {
        sched_wake(thread);
    }
}

void sched_suspend(struct thread *thread, bool is_suspended)
{
    bool is_ready;

    spin_lock(&thread->object.signal_lock);
    if (!is_suspended) {
        object_signal_locked(&thread->object, SIGNAL_SUSPENDED, 0);
    }
    is_ready = set_affinity_locked(thread, is_suspended ? 0 : thread->wanted_affinity);
    spin_unlock(&thread->object.signal_lock);
    if (is_ready) {
        sched_wake(thread);
    }
}

void sched_figures(uint32_t cpu, struct sched_figures *ret_figures)
{
    const struct run_queue *queue = run_queue_get(cpu);

    ret_figures->idle_ns = queue->idle.cpu_ns;
    ret_figures->switches = queue->switches;
}
