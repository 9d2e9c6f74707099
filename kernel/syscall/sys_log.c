/* SPDX-License-Identifier: MIT */
#include "core/log.h"
#include "object/log_reader.h"
#include "object/port.h"
#include "syscall/door.h"

#define TEXT_MAX 512u

DOOR(debug_log)
{
    char text[TEXT_MAX];

    if (a1 > TEXT_MAX) {
        return -EMSGSIZE;
    }
    if (!door_range_ok(a0, a1)) {
        return -EFAULT;
    }
    arch_user_copy_in(text, uaddr_of(a0), a1);
    log_write(text, a1);
    return 0;
}

DOOR_OF(log_read, object, OBJECT_RESOURCE, RIGHT_SYSTEM_INFO)
{
    char *payload = thread_current()->buffer_payload;

    return payload == NULL ? -ENO_BUFFER : (int64_t)log_reader_read(payload, IPC_PAYLOAD_MAX);
}

DOOR_OF(log_bind, object, OBJECT_RESOURCE, RIGHT_SYSTEM_INFO)
{
    struct object *port;
    int status = door_lookup(a1, OBJECT_PORT, RIGHT_BIND, &port);

    return status != 0 ? status : log_reader_bind(process_current(), port_of(port), a2);
}
