/* SPDX-License-Identifier: MIT */
#include "object/event.h"
#include "object/job.h"
#include "syscall/door.h"

DOOR_OF(event_create, job, OBJECT_JOB, RIGHT_CREATE)
{
    struct event *event;
    int status = event_create(&job->account, &event);

    return status != 0 ? status : door_new(&event->object, RIGHTS_EVENT);
}

/* Why a handle cannot be used, or that other arguments are bad. If it can be used by now, the call
 * runs again. */
static NEVER_INLINE int64_t refuse(handle_t handle, rights_t rights, bool is_bad)
{
    struct object *unused;
    int status = door_lookup(handle, OBJECT_EVENT, rights, &unused);

    if (status == 0 && is_bad) {
        status = -EINVAL;
    }
    return status != 0 ? status : door_restart();
}

/* What is rare is called last, with nothing to do afterwards: so this saves no registers. */
DOOR(event_signal)
{
    struct object *event = handle_peek(thread_current()->table, a0, OBJECT_EVENT, RIGHT_SIGNAL);

    return LIKELY(event != NULL) ? event_signal(event_of(event), a1, a2)
                                 : refuse(a0, RIGHT_SIGNAL, false);
}

DOOR(event_wait)
{
    /* Consuming changes the event for everybody, as signaling does. */
    rights_t rights = RIGHT_WAIT | (a2 != 0 ? RIGHT_SIGNAL : 0);
    struct object *event = handle_peek(thread_current()->table, a0, OBJECT_EVENT, rights);
    bool is_bad = a1 == 0 || a2 > 1 || (time_ns_t)a3 < 0;

    if (UNLIKELY(is_bad || event == NULL)) {
        return refuse(a0, rights, is_bad);
    }
    return event_wait(event_of(event), a1, a2 != 0, (time_ns_t)a3);
}
