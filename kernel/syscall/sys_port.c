/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

#include "object/port.h"

DOOR_OF(port_create, job, OBJECT_JOB, RIGHT_CREATE)
{
    struct port *port;
    int status = a1 > PORT_TOKENS_MAX ? -EINVAL : port_create(&job->account, (uint32_t)a1, &port);

    return status != 0 ? status : door_new(&port->object, RIGHTS_PORT);
}

/* The way of every call that the fast path declines. */
DOOR_OF(port_call, session, OBJECT_SESSION, RIGHT_CALL)
{
    return a3 != 0 ? -EINVAL : door_result(port_call(session, a1, (time_ns_t)a2));
}

DOOR_OF(port_reply_receive, port, OBJECT_PORT, RIGHT_RECV)
{
    return door_result(port_reply_receive(port, a1, (time_ns_t)a2, a3));
}

DOOR_OF(port_reply, port, OBJECT_PORT, RIGHT_RECV)
{
    return door_result(port_reply(port, a2, a1));
}

DOOR_OF(token_drop, port, OBJECT_PORT, RIGHT_RECV)
{
    return port_token_drop(port, a1);
}

DOOR_OF(session_create, port, OBJECT_PORT, RIGHT_MINT)
{
    struct handle_entry *entries[2];
    struct session *session;
    handle_t owner, client;
    int status = a2 > UINT32_MAX ? -EINVAL : handle_reserve_two(thread_current()->table, entries);

    if (status != 0) {
        return status;
    }
    status = session_create(port, a1, (uint32_t)a2, &session);
    if (status != 0) {
        handle_unreserve_two(entries);
        return status;
    }
    handle_install_pair(entries[0], RIGHTS_BASIC, entries[1], RIGHTS_SESSION, &session->object,
                        &owner, &client);
    frame_set_result2(&thread_current()->frame, client);
    return (int64_t)owner;
}

DOOR_OF(port_bind, port, OBJECT_PORT, RIGHT_BIND)
{
    struct object *object;
    int status = door_lookup(a1, OBJECT_NONE, RIGHT_WAIT, &object);

    if (status == 0 && (a2 == 0 || a2 > UINT32_MAX)) {
        status = -EINVAL;
    }
    if (status != 0) {
        return status;
    }
    return sched_return(
        port_bind(port, &process_current()->job->account, object, (signals_t)a2, a3));
}

DOOR_OF(port_unbind, port, OBJECT_PORT, RIGHT_BIND)
{
    struct object *object;
    int status = door_lookup(a1, OBJECT_NONE, 0, &object);

    return status != 0 ? status : port_unbind(port, object);
}

DOOR_OF(port_notify, port, OBJECT_PORT, RIGHT_NOTIFY)
{
    if (a1 & (NOTICE_SESSION_CLOSED | NOTICE_CALL_CANCELLED)) {
        return -EINVAL; /* only the kernel says these */
    }
    port_notify(port, a1);
    return sched_return(0);
}
