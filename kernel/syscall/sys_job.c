/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

DOOR_OF(job_create, job, OBJECT_JOB, RIGHT_CREATE)
{
    struct job *child;
    int status = job_create(job, &child);

    return status != 0 ? status : door_new(&child->object, RIGHTS_JOB);
}

DOOR_OF(job_set_limit, job, OBJECT_JOB, RIGHT_MANAGE)
{
    if (a1 >= JOB_RESOURCE_COUNT) {
        return -EINVAL;
    }
    job_set_limit(job, (enum job_resource)a1, a2);
    if (a1 == JOB_CPU_TIME && a2 != JOB_UNLIMITED) {
        sched_count_time();
    }
    return 0;
}

DOOR_OF(job_info, job, OBJECT_JOB, RIGHT_INSPECT)
{
    if (a1 >= JOB_RESOURCE_COUNT) {
        return -EINVAL;
    }
    frame_set_result2(&thread_current()->frame, job->account.usage[a1]);
    frame_set_result3(&thread_current()->frame, job->account.limit[a1]);
    return 0;
}

/* The current process may be among those that end: it goes when the interrupt comes that the
 * killing sends. */
DOOR_OF(job_kill, job, OBJECT_JOB, RIGHT_MANAGE)
{
    job_kill(job);
    return 0;
}
