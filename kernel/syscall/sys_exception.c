/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

#include "object/exception.h"
#include "object/port.h"

DOOR_OF(exception_bind, object, OBJECT_NONE, RIGHT_MANAGE)
{
    struct object *port = NULL;
    int status = a1 == HANDLE_INVALID ? 0 : door_lookup(a1, OBJECT_PORT, RIGHT_BIND, &port);

    return status != 0 ? status : exception_bind(object, port == NULL ? NULL : port_of(port), a2);
}

DOOR_OF(exception_thread, port, OBJECT_PORT, RIGHT_RECV)
{
    struct thread *thread;
    int status = exception_thread(port, a1, &thread);

    return status != 0 ? status : door_new(&thread->object, RIGHTS_THREAD);
}
