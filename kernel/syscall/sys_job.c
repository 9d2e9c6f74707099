/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

DOOR(job_create)
{
    struct object *parent;
    struct handle_entry *entry;
    struct job *job;
    int error = door_lookup(a0, OBJECT_JOB, RIGHT_CREATE, &parent);

    UNUSED5();
    if (error != 0) {
        return error;
    }
    error = handle_reserve(thread_current()->table, &entry);
    if (error != 0) {
        return error;
    }
    error = job_create(job_of(parent), &job);
    if (error != 0) {
        handle_unreserve(entry);
        return error;
    }
    return (int64_t)handle_install(entry, &job->object, RIGHTS_JOB);
}

DOOR(job_set_limit)
{
    struct object *job;
    int error = door_lookup(a0, OBJECT_JOB, RIGHT_MANAGE, &job);

    UNUSED3();
    if (error != 0) {
        return error;
    }
    if (a1 >= JOB_RESOURCE_COUNT) {
        return -EINVAL;
    }
    __atomic_store_n(&job_of(job)->account.limit[a1], a2, __ATOMIC_RELAXED);
    return 0;
}

DOOR(job_info)
{
    struct object *job;
    int error = door_lookup(a0, OBJECT_JOB, RIGHT_INSPECT, &job);

    UNUSED4();
    if (error != 0) {
        return error;
    }
    if (a1 >= JOB_RESOURCE_COUNT) {
        return -EINVAL;
    }
    frame_set_result2(&thread_current()->frame, job_of(job)->account.usage[a1]);
    frame_set_result3(&thread_current()->frame, job_of(job)->account.limit[a1]);
    return 0;
}

/* The current process may be among those that end: it goes when the interrupt comes that the
 * killing sends. */
DOOR(job_kill)
{
    struct object *job;
    int error = door_lookup(a0, OBJECT_JOB, RIGHT_MANAGE, &job);

    UNUSED5();
    if (error != 0) {
        return error;
    }
    job_kill(job_of(job));
    return 0;
}
