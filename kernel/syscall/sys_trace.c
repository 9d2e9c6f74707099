/* SPDX-License-Identifier: MIT */
#include "object/trace.h"
#include "syscall/door.h"

DOOR_OF(trace_open, object, OBJECT_RESOURCE, RIGHT_TRACE)
{
    struct object *job;
    struct memory *memory;
    int status = door_lookup(a1, OBJECT_JOB, RIGHT_CREATE, &job);

    if (status == 0) {
        status = trace_open(&job_of(job)->account, a2, &memory);
    }
    return status != 0 ? door_result(status) : door_new(&memory->object, RIGHTS_BASIC | RIGHT_READ);
}

DOOR_OF(trace_control, object, OBJECT_RESOURCE, RIGHT_TRACE)
{
    return trace_control(a1);
}

DOOR_OF(trace_filter, object, OBJECT_RESOURCE, RIGHT_TRACE)
{
    return trace_filter(a1, a2, a3);
}

DOOR(trace_emit)
{
    if (a0 > UINT32_MAX) {
        return -EINVAL;
    }
    if (trace_on(TRACE_KIND(TRACE_USER))) {
        trace_note(TRACE_USER, thread_current(), 0, a1, a0, a2);
    }
    return 0;
}
