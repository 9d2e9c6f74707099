/* SPDX-License-Identifier: MIT */
#include "object/wait.h"
#include "syscall/door.h"

DOOR_OF(object_wait, object, OBJECT_NONE, RIGHT_WAIT)
{
    if (a1 == 0 || a1 > UINT32_MAX || (time_ns_t)a2 < 0) {
        return -EINVAL;
    }
    return object_wait(object, (signals_t)a1, (time_ns_t)a2);
}

DOOR(thread_sleep)
{
    return (time_ns_t)a0 < 0 ? -EINVAL : wait_sleep((time_ns_t)a0);
}
