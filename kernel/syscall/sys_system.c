/* SPDX-License-Identifier: MIT */
#include "arch/cpu.h"
#include "object/system_info.h"
#include "syscall/door.h"

DOOR_OF(system_info, object, OBJECT_RESOURCE, RIGHT_SYSTEM_INFO)
{
    void *payload = thread_current()->buffer_payload;
    uint64_t cursor;
    int64_t count;

    if (payload == NULL) {
        return -ENO_BUFFER;
    }
    count = a1 > UINT32_MAX ? -EINVAL : system_info_write((uint32_t)a1, a2, payload, &cursor);
    if (count >= 0) {
        frame_set_result2(&thread_current()->frame, cursor);
    }
    return count;
}

DOOR_OF(system_halt, object, OBJECT_RESOURCE, RIGHT_POWER)
{
    if (a1 != 0) {
        return -EINVAL;
    }
    arch_reset();
}
