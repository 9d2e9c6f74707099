/* SPDX-License-Identifier: MIT */
#include "object/wait.h"
#include "syscall/door.h"

DOOR(object_wait)
{
    struct object *object;
    int status = door_lookup(a0, OBJECT_NONE, RIGHT_WAIT, &object);

    UNUSED3();
    if (status == 0 && (a1 == 0 || a1 > UINT32_MAX || (time_ns_t)a2 < 0)) {
        status = -EINVAL;
    }
    return status != 0 ? status : object_wait(object, (signals_t)a1, (time_ns_t)a2);
}

DOOR(thread_sleep)
{
    UNUSED5();
    return (time_ns_t)a0 < 0 ? -EINVAL : wait_sleep((time_ns_t)a0);
}
