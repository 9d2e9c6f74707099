/* SPDX-License-Identifier: MIT */
#include "core/log.h"
#include "object/log_reader.h"
#include "object/port.h"
#include "syscall/door.h"

#define TEXT_MAX 512u

DOOR(debug_log)
{
    char text[TEXT_MAX];

    UNUSED4();
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

DOOR(log_read)
{
    struct message_buffer *payload = thread_current()->buffer_payload;
    struct object *resource;
    int status = door_lookup(a0, OBJECT_RESOURCE, RIGHT_SYSTEM_INFO, &resource);

    UNUSED5();
    if (status == 0 && payload == NULL) {
        status = -ENO_BUFFER;
    }
    return status != 0 ? status : (int64_t)log_reader_read((char *)payload, IPC_PAYLOAD_MAX);
}

DOOR(log_bind)
{
    struct object *resource, *port;
    int status = door_lookup(a0, OBJECT_RESOURCE, RIGHT_SYSTEM_INFO, &resource);

    UNUSED3();
    if (status == 0) {
        status = door_lookup(a1, OBJECT_PORT, RIGHT_BIND, &port);
    }
    return status != 0 ? status : log_reader_bind(process_current(), port_of(port), a2);
}
