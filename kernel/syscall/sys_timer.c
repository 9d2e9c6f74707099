/* SPDX-License-Identifier: MIT */
#include "object/timer.h"
#include "arch/time.h"
#include "object/job.h"
#include "syscall/door.h"

DOOR(timer_create)
{
    struct handle_entry *entry;
    struct object *job;
    struct timer *timer;
    int status = door_lookup(a0, OBJECT_JOB, RIGHT_CREATE, &job);

    UNUSED5();
    if (status == 0) {
        status = handle_reserve(thread_current()->table, &entry);
    }
    if (status != 0) {
        return status;
    }
    status = timer_create(&job_of(job)->account, &timer);
    if (status != 0) {
        handle_unreserve(entry);
        return status;
    }
    return (int64_t)handle_install(entry, &timer->object, RIGHTS_BASIC | RIGHT_SET);
}

DOOR(timer_set)
{
    struct object *timer;
    int status = door_lookup(a0, OBJECT_TIMER, RIGHT_SET, &timer);

    UNUSED2();
    return status != 0 ? status : timer_set(timer_of(timer), (time_ns_t)a1, a2, a3);
}

DOOR(clock_read)
{
    UNUSED6();
    return arch_time_now();
}
