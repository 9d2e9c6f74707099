/* SPDX-License-Identifier: MIT */
#include "object/lease.h"
#include "object/port.h"
#include "syscall/door.h"

static int64_t copy(struct port *port, uint64_t token, uint64_t index, uint64_t offset,
                    uint64_t address, uint64_t size, bool to_lender)
{
    if (size > 0 && !door_range_ok(address, size)) {
        return -EFAULT;
    }
    return door_result(lease_copy(port, token, index, offset, address, size, to_lender));
}

DOOR_OF(lease_read, port, OBJECT_PORT, RIGHT_RECV)
{
    return copy(port, a1, a2, a3, a4, a5, false);
}

DOOR_OF(lease_write, port, OBJECT_PORT, RIGHT_RECV)
{
    return copy(port, a1, a2, a3, a4, a5, true);
}

DOOR_OF(lease_info, port, OBJECT_PORT, RIGHT_RECV)
{
    uint64_t size;
    uint32_t flags;
    int error = lease_info(port, a1, a2, &size, &flags);

    if (error == 0) {
        frame_set_result2(&thread_current()->frame, size);
        frame_set_result3(&thread_current()->frame, flags);
    }
    return error;
}
