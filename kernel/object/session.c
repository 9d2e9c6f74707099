/* SPDX-License-Identifier: MIT */
/*
 * Sessions. A session holds a reference to itself from its creation until it has ended: until no
 * client can call through it any more, no call is under way, and the server has been told, or is
 * gone. So a call needs no reference of its own.
 */
#include <quay/abi/errno.h>
#include "mm/slab.h"
#include "object/binding.h"

#define CLOSE_STEP 8

static struct {
    struct slab_cache cache;
} session_state;

static void session_destroy(struct object *object);
static void session_inactive(struct object *object);

static const struct object_ops session_ops = {
    .destroy = session_destroy,
    .inactive = session_inactive,
};

void session_init(void)
{
    slab_cache_init(&session_state.cache, "session", sizeof(struct session), 64);
}

int session_create(struct port *port, struct account *account, uint64_t badge, uint32_t call_limit,
                   struct session **ret_session)
{
    struct session *session;
    int error = account_charge(account, JOB_MEMORY, sizeof(struct session));

    if (error != 0) {
        return error;
    }
    session = slab_alloc(&session_state.cache);
    if (session == NULL) {
        error = -ENOMEM;
        goto undo_charge;
    }
    object_init(&session->object, OBJECT_SESSION, &session_ops);
    session->port = port;
    session->account = account;
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

undo_charge:
    account_uncharge(account, JOB_MEMORY, sizeof(struct session));
    return error;
}

static void session_destroy(struct object *object)
{
    struct session *session = session_of(object);
    struct account *account = session->account;

    object_unref(&session->port->object);
    slab_free(&session_state.cache, session);
    account_uncharge(account, JOB_MEMORY, sizeof(struct session));
}

/* Whether the session ends here and now: at most once. */
static struct session *check_end_locked(struct session *session)
{
    if (!session->is_inactive || session->credits != 0 || session->is_ended) {
        return NULL;
    }
    session->is_ended = true;
    return session;
}

struct session *session_call_over_locked(struct session *session)
{
    session->credits++;
    return UNLIKELY(session->is_inactive) ? check_end_locked(session) : NULL;
}

void session_end(struct session *session)
{
    if (session != NULL) {
        /* The notice carries the session's reference to itself until it is received. */
        notice_raise(session->port, &session->closed, NOTICE_SESSION_CLOSED);
    }
}

static void session_inactive(struct object *object)
{
    struct session *session = session_of(object);
    struct port *port = session->port;
    struct session *ended;

    spin_lock(&port->lock);
    session->is_inactive = true;
    session->credits -= session->call_limit;
    ended = check_end_locked(session);
    spin_unlock(&port->lock);
    session_end(ended);
}

bool sessions_close(struct port *port)
{
    for (unsigned step = 0; step < CLOSE_STEP; step++) {
        struct session *session;
        struct list *first;
        bool is_ours;

        spin_lock(&port->lock);
        first = list_first(&port->sessions);
        if (first == NULL) {
            spin_unlock(&port->lock);
            return true;
        }
        session = CONTAINER_OF(first, struct session, port_link);
        list_remove(first);
        /* Its own reference: ours now, unless its end is under way and a notice has it. A notice
         * that nobody will receive gives it up too. */
        is_ours = !session->is_ended || list_is_linked(&session->closed.link);
        session->is_ended = true;
        if (list_is_linked(&session->closed.link)) {
            list_remove(&session->closed.link);
            port_update_locked(port);
        }
        object_ref(&session->object);
        spin_unlock(&port->lock);

        object_signal(&session->object, 0, SIGNAL_PEER_CLOSED);
        object_unref(&session->object);
        if (is_ours) {
            object_unref(&session->object);
        }
    }
    return false;
}
