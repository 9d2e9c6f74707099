/* SPDX-License-Identifier: MIT */
#include "object/lease.h"
#include "object/port.h"
#include "syscall/door.h"

static int64_t copy(const uint64_t arguments[6], bool to_lender)
{
    struct object *port;
    int error = door_lookup(arguments[0], OBJECT_PORT, RIGHT_RECV, &port);

    if (error != 0) {
        return error;
    }
    if (arguments[5] > 0 && !door_range_ok(arguments[4], arguments[5])) {
        return -EFAULT;
    }
    return lease_copy(port_of(port), arguments[1], arguments[2], arguments[3], arguments[4],
                      arguments[5], to_lender);
}

DOOR(lease_read)
{
    return copy((const uint64_t[6]){a0, a1, a2, a3, a4, a5}, false);
}

DOOR(lease_write)
{
    return copy((const uint64_t[6]){a0, a1, a2, a3, a4, a5}, true);
}

DOOR(lease_info)
{
    struct object *port;
    uint64_t size;
    uint32_t flags;
    int error = door_lookup(a0, OBJECT_PORT, RIGHT_RECV, &port);

    UNUSED3();
    if (error == 0) {
        error = lease_info(port_of(port), a1, a2, &size, &flags);
    }
    if (error == 0) {
        frame_set_result2(&thread_current()->frame, size);
        frame_set_result3(&thread_current()->frame, flags);
    }
    return error;
}
