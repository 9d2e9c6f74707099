/* SPDX-License-Identifier: MIT */
#include "object/wait.h"

#include "sched/sched.h"
#include <quay/abi/errno.h>

/* --- Signals --- */

/* What a wait takes with it: the firing of a timer, so that the next one can be waited for. */
static void consume_locked(struct object *object, signals_t found) REQUIRES(&object->signal_lock)
{
    if (object->type == OBJECT_TIMER && (found & SIGNAL_FIRED)) {
        __atomic_store_n(&object->signals, object->signals & ~SIGNAL_FIRED, __ATOMIC_RELEASE);
    }
}

/* Under the object's signal lock. */
static void wait_notify(struct observer *observer, signals_t signals) NO_THREAD_SAFETY_ANALYSIS
{
    struct thread *thread = CONTAINER_OF(observer, struct thread, observer);
    uint64_t seen = wait_seen(thread);

    if ((seen & THREAD_WAITING) && wait_try_end(thread, seen)) {
        consume_locked(observer->object, signals);
        list_remove(&observer->link);
        frame_set_result(&thread->frame, signals);
        object_unref(observer->object);
        sched_wake(thread);
    }
}

static void wait_unlink(struct thread *thread)
{
    object_unobserve(&thread->observer);
    object_unref(thread->observer.object);
}

static koid_t wait_waits_for(const struct thread *thread)
{
    return __atomic_load_n(&thread->observer.object, __ATOMIC_RELAXED)->koid;
}

static const struct wait_ops object_wait_ops = {
    .state = THREAD_STATE_WAIT_OBJECT,
    .unlink = wait_unlink,
    .waits_for = wait_waits_for,
};

int64_t object_wait(struct object *object, signals_t signals, time_ns_t deadline)
{
    struct thread *thread = thread_current();
    signals_t found;

    spin_lock(&object->signal_lock);
    found = object->signals & signals;
    if (found != 0 || deadline == DEADLINE_POLL) {
        consume_locked(object, found);
        spin_unlock(&object->signal_lock);
        return found != 0 ? (int64_t)found : -ETIMEDOUT;
    }
    /* Linked and published under one lock: no change of the signals comes between. */
    object_ref(object);
    thread->observer.object = object;
    thread->observer.mask = signals;
    thread->observer.notify = wait_notify;
    list_push_back(&object->observers, &thread->observer.link);
    thread->wait_ops = &object_wait_ops;
    thread->deadline = deadline;
    wait_publish(thread);
    spin_unlock(&object->signal_lock);
    return sched_wait(deadline);
}

/* --- Time --- */

static const struct wait_ops sleep_ops = {.state = THREAD_STATE_WAIT_SLEEP};

int64_t wait_sleep(time_ns_t deadline)
{
    struct thread *thread = thread_current();

    if (deadline == DEADLINE_POLL) {
        return 0;
    }
    thread->wait_ops = &sleep_ops;
    thread->deadline = deadline;
    wait_publish(thread);
    return sched_wait(deadline);
}
