/* SPDX-License-Identifier: MIT */
/*
 * Sessions. A session holds a reference to itself from its creation until it has ended: until no
 * client can call through it any more, no call is under way, and the server has been told, or is
 * gone. So a call needs no reference of its own.
 */
#include <quay/abi/errno.h>
#include "object/binding.h"

static void session_destroy(struct object *object);
static void session_inactive(struct object *object);

const struct object_ops session_ops = {
    OBJECT_RECORD(session, OBJECT_SESSION, 64),
    .destroy = session_destroy,
    .inactive = session_inactive,
};

int session_create(struct port *port, uint64_t badge, uint32_t call_limit,
                   struct session **ret_session)
{
    struct object *object;
    struct session *session;
    int error = object_create(&session_ops, port->object.account, &object);

    if (error != 0) {
        return error;
    }
    session = session_of(object);
    session->port = port;
    session->badge = badge;
    session->call_limit = call_limit == 0 ? port->slot_count : call_limit;
    session->credits = session->call_limit;
    list_init(&session->port_link);
    list_init(&session->closed.link);
    session->closed.key = badge;
    session->closed.kind = NOTICE_CLOSED;
    object_ref(&port->object);

    spin_lock(&port->lock);
    if (port->is_closed) {
        error = -EPEER_DIED;
    } else {
        list_push_back(&port->sessions, &session->port_link);
        object_ref(&session->object); /* its own, until it has ended */
    }
    spin_unlock(&port->lock);
    if (error != 0) {
        object_unref(&session->object);
        return error;
    }
    *ret_session = session;
    return 0;
}

static void session_destroy(struct object *object)
{
    struct port *port = session_of(object)->port;

    object_free(object);
    object_unref(&port->object);
}

/* Ends the session if it is to end here and now: at most once. The notice carries the session's
 * reference to itself until it is received. */
static void check_end_locked(struct port *port, struct session *session) REQUIRES(&port->lock)
{
    if (session->is_inactive && session->credits == 0 && !session->is_ended) {
        session->is_ended = true;
        notice_raise_locked(port, &session->closed, NOTICE_SESSION_CLOSED);
    }
}

void session_call_over_locked(struct port *port, struct session *session)
{
    session->credits++;
    check_end_locked(port, session);
}

static void session_inactive(struct object *object)
{
    struct session *session = session_of(object);
    struct port *port = session->port;

    spin_lock(&port->lock);
    session->is_inactive = true;
    session->is_slow = true;
    session->binding = NULL;
    session->credits -= session->call_limit;
    check_end_locked(port, session);
    spin_unlock(&port->lock);
}

void session_release(struct session *session)
{
    if (session != NULL) {
        session_inactive(&session->object);
        object_unref(&session->object);
    }
}

bool session_close_one(struct port *port)
{
    struct session *session, *bound;
    struct list *first;

    spin_lock(&port->lock);
    first = list_pop_front(&port->sessions);
    if (first == NULL) {
        spin_unlock(&port->lock);
        return false;
    }
    session = bound = CONTAINER_OF(first, struct session, port_link);
    session->is_ended = true;
    /* What it is bound to stays there as long as we have the lock: session_inactive comes first. */
    if (session->binding == NULL ||
        !__atomic_compare_exchange_n(session->binding, &bound, NULL, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        bound = NULL;
    }
    session->binding = NULL;
    if (list_is_linked(&session->closed.link)) {
        list_remove(&session->closed.link);
        port_update_locked(port);
    }
    spin_unlock(&port->lock);
    object_signal(&session->object, 0, SIGNAL_PEER_CLOSED);
    object_unref(&session->object); /* its own, or the notice's that nobody will receive */
    if (bound != NULL) {
        object_unref(&session->object); /* the binding's */
    }
    return true;
}
