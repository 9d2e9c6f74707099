/* SPDX-License-Identifier: MIT */
#include "syscall/door.h"

#include "object/port.h"

DOOR(port_create)
{
    struct object *job;
    struct handle_entry *entry;
    struct port *port;
    int error = door_lookup(a0, OBJECT_JOB, RIGHT_CREATE, &job);

    UNUSED4();
    if (error == 0 && a1 > PORT_TOKENS_MAX) {
        error = -EINVAL;
    }
    if (error != 0) {
        return error;
    }
    error = handle_reserve(thread_current()->table, &entry);
    if (error != 0) {
        return error;
    }
    error = port_create(&job_of(job)->account, (uint32_t)a1, &port);
    if (error != 0) {
        handle_unreserve(entry);
        return error;
    }
    return (int64_t)handle_install(entry, &port->object, RIGHTS_PORT);
}

/* The way of every call that the fast path declines. */
DOOR(port_call)
{
    struct object *session;
    int error = door_lookup(a0, OBJECT_SESSION, RIGHT_CALL, &session);

    UNUSED2();
    if (error == 0 && a3 != 0) {
        error = -EINVAL;
    }
    if (error != 0) {
        return error;
    }
    return door_result(port_call(session_of(session), a1, (time_ns_t)a2));
}

DOOR(port_reply_receive)
{
    struct object *port;
    int error = door_lookup(a0, OBJECT_PORT, RIGHT_RECV, &port);

    UNUSED2();
    if (error != 0) {
        return error;
    }
    return door_result(port_reply_receive(port_of(port), a1, (time_ns_t)a2, a3));
}

DOOR(port_reply)
{
    struct object *port;
    int error = door_lookup(a0, OBJECT_PORT, RIGHT_RECV, &port);

    UNUSED3();
    if (error != 0) {
        return error;
    }
    return door_result(port_reply(port_of(port), a2, a1));
}

DOOR(token_drop)
{
    struct object *port;
    int error = door_lookup(a0, OBJECT_PORT, RIGHT_RECV, &port);

    UNUSED4();
    if (error != 0) {
        return error;
    }
    return port_token_drop(port_of(port), a1);
}

DOOR(session_create)
{
    struct handle_table *table = thread_current()->table;
    struct handle_entry *owner, *client;
    struct object *port;
    struct session *session;
    int error = door_lookup(a0, OBJECT_PORT, RIGHT_MINT, &port);

    UNUSED3();
    if (error == 0 && a2 > UINT32_MAX) {
        error = -EINVAL;
    }
    if (error != 0) {
        return error;
    }
    error = handle_reserve(table, &owner);
    if (error != 0) {
        return error;
    }
    error = handle_reserve(table, &client);
    if (error != 0) {
        goto undo_owner;
    }
    error = session_create(port_of(port), a1, (uint32_t)a2, &session);
    if (error != 0) {
        goto undo_client;
    }
    handle_t owner_handle, client_handle;

    handle_install_pair(owner, RIGHTS_BASIC, client, RIGHTS_SESSION, &session->object,
                        &owner_handle, &client_handle);
    frame_set_result2(&thread_current()->frame, client_handle);
    return (int64_t)owner_handle;

undo_client:
    handle_unreserve(client);
undo_owner:
    handle_unreserve(owner);
    return error;
}

DOOR(port_bind)
{
    struct object *port, *object;
    int error = door_lookup(a0, OBJECT_PORT, RIGHT_BIND, &port);

    UNUSED2();
    if (error == 0) {
        error = door_lookup(a1, OBJECT_NONE, RIGHT_WAIT, &object);
    }
    if (error == 0 && (a2 == 0 || a2 > UINT32_MAX)) {
        error = -EINVAL;
    }
    if (error != 0) {
        return error;
    }
    return sched_return(
        port_bind(port_of(port), &process_current()->job->account, object, (signals_t)a2, a3));
}

DOOR(port_unbind)
{
    struct object *port, *object;
    int error = door_lookup(a0, OBJECT_PORT, RIGHT_BIND, &port);

    UNUSED4();
    if (error == 0) {
        error = door_lookup(a1, OBJECT_NONE, 0, &object);
    }
    if (error != 0) {
        return error;
    }
    return port_unbind(port_of(port), object);
}

DOOR(port_notify)
{
    struct object *port;
    int error = door_lookup(a0, OBJECT_PORT, RIGHT_NOTIFY, &port);

    UNUSED4();
    if (error != 0) {
        return error;
    }
    if (a1 & (NOTICE_SESSION_CLOSED | NOTICE_CALL_CANCELLED)) {
        return -EINVAL; /* only the kernel says these */
    }
    port_notify(port_of(port), a1);
    return sched_return(0);
}
