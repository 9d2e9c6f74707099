/* SPDX-License-Identifier: MIT */
#include "object/timer.h"
#include "arch/time.h"
#include "object/job.h"
#include "syscall/door.h"

DOOR_OF(timer_create, job, OBJECT_JOB, RIGHT_CREATE)
{
    struct timer *timer;
    int status = timer_create(&job->account, &timer);

    return status != 0 ? status : door_new(&timer->object, RIGHTS_TIMER);
}

DOOR_OF(timer_set, timer, OBJECT_TIMER, RIGHT_SET)
{
    return timer_set(timer, (time_ns_t)a1, a2, a3);
}

DOOR(clock_read)
{
    return arch_time_now();
}
