/* SPDX-License-Identifier: MIT */
#include "object/event.h"

#include "sched/sched.h"
#include <quay/abi/errno.h>

/* A waiter's fields: sleep_bits, what it waits for; sleep_key[0], whether it consumes;
 * sleep_key[1], the koid of the event for the figures, who follow no pointer without a lock;
 * observer.object, the event. That is no reference: event_unreachable ends all waits, and who has
 * won one before leaves the kernel before the event is freed. */

static void event_unreachable(struct object *object);

const struct object_ops event_ops = {
    OBJECT_RECORD(event, OBJECT_EVENT, _Alignof(struct event)),
    .unreachable = event_unreachable,
};

int event_create(struct account *account, struct event **ret_event)
{
    struct object *object;
    int status = object_create(&event_ops, account, &object);

    if (status == 0) {
        *ret_event = event_of(object);
        list_init(&(*ret_event)->waiters);
    }
    return status;
}

/* --- Waiting --- */

static void take_out_locked(struct event *event, struct thread *thread)
    REQUIRES(&event->object.signal_lock)
{
    list_remove(&thread->sleep_link);
    event->waiter_count--;
}

static void event_unlink(struct thread *thread)
{
    struct event *event = event_of(thread->observer.object);

    spin_lock(&event->object.signal_lock);
    take_out_locked(event, thread);
    spin_unlock(&event->object.signal_lock);
}

static koid_t event_waits_for(const struct thread *thread)
{
    return __atomic_load_n(&thread->sleep_key[1], __ATOMIC_RELAXED);
}

static const struct wait_ops event_wait_ops = {
    .state = THREAD_STATE_WAIT_OBJECT,
    .unlink = event_unlink,
    .waits_for = event_waits_for,
};

static void set_bits_locked(struct event *event, uint64_t bits) REQUIRES(&event->object.signal_lock)
{
    bool was_set = event->bits != 0;

    event->bits = bits;
    if (was_set != (bits != 0)) {
        object_signal_locked(&event->object, was_set ? SIGNAL_USER : 0, was_set ? 0 : SIGNAL_USER);
    }
}

/* The end of a wait that does not begin: the bits are there, or the thread may not wait. */
static NEVER_INLINE int64_t end_at_once(struct event *event, uint64_t found, bool consume,
                                        int64_t result) RELEASE(&event->object.signal_lock)
{
    if (consume) {
        set_bits_locked(event, event->bits & ~found);
    }
    spin_unlock(&event->object.signal_lock);
    if (found != 0) {
        frame_set_result2(&thread_current()->frame, found);
    }
    return result;
}

/* What is rare is called last, so this saves no registers. */
int64_t event_wait(struct event *event, uint64_t bits, bool consume, time_ns_t deadline)
{
    struct thread *thread = thread_current();
    uint64_t found;

    spin_lock(&event->object.signal_lock);
    found = event->bits & bits;
    if (found != 0) {
        return end_at_once(event, found, consume, 0);
    }
    if (UNLIKELY(deadline == DEADLINE_POLL)) {
        return end_at_once(event, 0, false, -ETIMEDOUT);
    }
    /* When the last handle goes, the count is 0 before event_unreachable takes the lock: either it
     * finds us in the queue, or we see it here. */
    if (UNLIKELY(__atomic_load_n(&event->object.handle_count, __ATOMIC_RELAXED) == 0)) {
        return end_at_once(event, 0, false, -ECANCELED);
    }
    if (UNLIKELY(event->waiter_count >= EVENT_WAITERS_MAX)) {
        return end_at_once(event, 0, false, -EBUSY);
    }
    thread->observer.object = &event->object;
    thread->sleep_key[0] = consume;
    thread->sleep_key[1] = event->object.koid;
    thread->sleep_bits = bits;
    list_push_back(&event->waiters, &thread->sleep_link);
    event->waiter_count++;
    thread->wait_ops = &event_wait_ops;
    thread->deadline = deadline;
    wait_publish(thread);
    spin_unlock(&event->object.signal_lock);
    return sched_wait(deadline);
}

/* --- Signaling --- */

/* Ends a waiter's wait, unless somebody else has: that one's unlink takes it out then. */
static bool wake_locked(struct event *event, struct thread *thread, int64_t result)
    REQUIRES(&event->object.signal_lock)
{
    uint64_t seen = wait_seen(thread);

    if (!(seen & THREAD_WAITING) || !wait_try_end(thread, seen)) {
        return false;
    }
    take_out_locked(event, thread);
    frame_set_result(&thread->frame, result);
    return true;
}

/* Serves the waiters in their order from `bits`; returns what they left. */
static uint64_t serve_locked(struct event *event, uint64_t bits)
    REQUIRES(&event->object.signal_lock)
{
    LIST_FOREACH_SAFE (each, next, &event->waiters) {
        struct thread *thread = CONTAINER_OF(each, struct thread, sleep_link);
        uint64_t found = bits & thread->sleep_bits;

        if (found != 0 && wake_locked(event, thread, 0)) {
            frame_set_result2(&thread->frame, found);
            bits &= thread->sleep_key[0] ? ~found : ~0ul;
            sched_wake(thread);
        }
    }
    return bits;
}

/* The rest of event_signal when there is somebody to tell. */
static NEVER_INLINE int64_t signal_and_tell(struct event *event, uint64_t before, uint64_t bits)
    RELEASE(&event->object.signal_lock)
{
    set_bits_locked(event, serve_locked(event, bits));
    spin_unlock(&event->object.signal_lock);
    frame_set_result2(&thread_current()->frame, before);
    return sched_return(0);
}

int64_t event_signal(struct event *event, uint64_t clear, uint64_t set)
{
    uint64_t before, bits;

    spin_lock(&event->object.signal_lock);
    before = event->bits;
    bits = (before & ~clear) | set;
    if (UNLIKELY(!list_is_empty(&event->waiters) || (before != 0) != (bits != 0))) {
        return signal_and_tell(event, before, bits);
    }
    event->bits = bits;
    spin_unlock(&event->object.signal_lock);
    frame_set_result2(&thread_current()->frame, before);
    return 0;
}

/* Nobody can signal it any more. */
static void event_unreachable(struct object *object)
{
    struct event *event = event_of(object);

    spin_lock(&event->object.signal_lock);
    LIST_FOREACH_SAFE (each, next, &event->waiters) {
        struct thread *thread = CONTAINER_OF(each, struct thread, sleep_link);

        if (wake_locked(event, thread, -ECANCELED)) {
            sched_wake(thread);
        }
    }
    spin_unlock(&event->object.signal_lock);
}
