/* SPDX-License-Identifier: MIT */
#include "arch/cpu.h"
#include "object/system_info.h"
#include "syscall/door.h"

DOOR(system_info)
{
    void *payload = thread_current()->buffer_payload;
    struct object *resource;
    uint64_t cursor;
    int64_t count = door_lookup(a0, OBJECT_RESOURCE, RIGHT_SYSTEM_INFO, &resource);

    UNUSED3();
    if (count == 0 && payload == NULL) {
        count = -ENO_BUFFER;
    }
    if (count == 0 && a1 > UINT32_MAX) {
        count = -EINVAL;
    }
    if (count == 0) {
        count = system_info_write((uint32_t)a1, a2, payload, &cursor);
    }
    if (count >= 0) {
        frame_set_result2(&thread_current()->frame, cursor);
    }
    return count;
}

DOOR(system_halt)
{
    struct object *resource;
    int status = door_lookup(a0, OBJECT_RESOURCE, RIGHT_POWER, &resource);

    UNUSED4();
    if (status != 0) {
        return status;
    }
    if (a1 != 0) {
        return -EINVAL;
    }
    arch_reset();
}
