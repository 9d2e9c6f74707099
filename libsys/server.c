/* SPDX-License-Identifier: MIT */
#include <quay/handle.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/thread.h>
#include "start.h"

/* With key 0: among what qy_port_notify sends, libsys has the two highest bits that are not the
 * kernel's. */
#define NOTICE_STOP (1u << 28)

void qy_received_handles_close(uint32_t count)
{
    struct message_buffer *buffer = count > 0 ? qy_buffer() : NULL;
    for (uint32_t i = 0; buffer != NULL && i < count && i < IPC_HANDLES_MAX; i++) {
        (void)qy_handle_close(buffer->handles[i].handle); /* nobody asked for it */
    }
}

/* --- answers ------------------------------------------------------------------------------- */

static void answer_error(struct qy_message *message, uint32_t error)
{
    message->header = IPC_HEADER(error, 0, 0);
}

void qy_request_fail(struct qy_request *request, int64_t status)
{
    if (status == QY_DEFER) {
        if (request->in.token != 0) {
            qy_fatal("a handler returned QY_DEFER without qy_defer()");
        }
        return;
    }
    bool is_error = status > 0 && status <= UINT16_MAX;
    answer_error(&request->in.message, is_error ? (uint32_t)status : EBAD_MESSAGE);
}

int64_t qy_request_refuse(const struct qy_request *request, uint32_t error)
{
    qy_received_handles_close(IPC_HEADER_HANDLES(request->in.message.header));
    return error;
}

bool qy_request_lease(const struct qy_request *request, uint32_t index, uint32_t flags,
                      struct qy_lease *ret_lease)
{
    handle_t port = request->server->port;
    struct qy_result info = qy_lease_info(port, request->in.token, index);
    *ret_lease = (struct qy_lease){
        .port = port, .token = request->in.token, .size = info.second, .index = index};
    return info.status == 0 && (info.third & flags) == flags;
}

int64_t qy_handle_answer(struct qy_request *request, handle_t handle)
{
    struct qy_writer writer;
    if (!qy_writer_begin(&writer, &request->in.message, 0, 0, 1)) {
        qy_handle_discard(handle);
        return EQUOTA;
    }
    qy_write_handle(&writer, handle, RIGHTS_SAME, HANDLE_MOVE);
    return 0;
}

void qy_request_acknowledge(struct qy_request *request)
{
    const struct qy_message empty = {0};
    if (request->in.token == 0) {
        return; /* posted */
    }
    /* It fails only if the caller has gone, who does not care. */
    (void)qy_port_reply(request->server->port, request->in.token, &empty);
    request->in.token = 0;
}

int64_t qy_defer(struct qy_request *request, struct qy_pending *ret_pending)
{
    if (request->in.token == 0) {
        qy_fatal("qy_defer() in a one-way call or a batch");
    }
    if (ret_pending->token != 0) {
        qy_fatal("qy_defer() over a call that still waits");
    }
    *ret_pending = (struct qy_pending){
        .token = request->in.token, .begun = request->begun, .method = request->method};
    request->in.token = 0;
    (void)__atomic_fetch_add(&request->server->deferred, 1, __ATOMIC_RELAXED);
    return QY_DEFER;
}

static void pending_end(struct qy_server *server, struct qy_pending *pending)
{
    pending->token = 0;
    if (__atomic_sub_fetch(&server->deferred, 1, __ATOMIC_RELAXED) == 0 &&
        __atomic_load_n(&server->is_stopping, __ATOMIC_RELAXED)) {
        (void)qy_port_notify(server->port, NOTICE_STOP); /* our own port */
    }
}

int64_t qy_pending_answer(struct qy_server *server, struct qy_pending *pending,
                          const struct qy_message *message)
{
    uint64_t token = pending->token;
    if (token == 0) {
        qy_fatal("a call was answered twice");
    }
    qy_statistics_answered(server, pending, IPC_HEADER_METHOD(message->header) != 0);
    pending_end(server, pending);
    int64_t status = qy_port_reply(server->port, token, message);
    if (status < 0 && status != -ETOKEN_STALE) {
        (void)qy_token_drop(server->port, token); /* the caller learns that at least */
    }
    return status;
}

int64_t qy_pending_refuse(struct qy_server *server, struct qy_pending *pending, uint32_t error)
{
    struct qy_message message = {0};
    answer_error(&message, error);
    return qy_pending_answer(server, pending, &message);
}

bool qy_pending_cancel(struct qy_server *server, struct qy_pending *pending, uint64_t token)
{
    if (!qy_pending_is(pending, token)) {
        return false;
    }
    pending_end(server, pending);
    (void)qy_token_drop(server->port, token);
    return true;
}

/* --- sessions ------------------------------------------------------------------------------ */

/* Each is its badge, 0 if the place is free, and the state. */
static uint64_t *session_at(struct qy_server *server, uint32_t index)
{
    return (uint64_t *)server->sessions + index * (QY_SESSION_BYTES(server->session_bytes) / 8);
}

static uint64_t *session_find(struct qy_server *server, uint64_t badge)
{
    for (uint32_t i = 0; i < server->session_max; i++) {
        if (*session_at(server, i) == badge) {
            return session_at(server, i);
        }
    }
    return NULL;
}

void *qy_session_state(struct qy_server *server, uint64_t badge)
{
    qy_mutex_lock(&server->mutex);
    uint64_t *session = badge != 0 ? session_find(server, badge) : NULL;
    if (session == NULL && badge != 0) {
        session = session_find(server, 0);
        if (session != NULL) {
            memset(session, 0, QY_SESSION_BYTES(server->session_bytes));
            *session = badge;
        }
    }
    qy_mutex_unlock(&server->mutex);
    return session != NULL ? session + 1 : NULL;
}

static void session_end(struct qy_server *server, uint64_t badge)
{
    qy_inboxes_end(server, badge);
    if (server->session_closed != NULL) {
        server->session_closed(server, badge);
    }
    qy_mutex_lock(&server->mutex);
    uint64_t *session = badge != 0 ? session_find(server, badge) : NULL;
    if (session != NULL) {
        *session = 0;
    }
    qy_mutex_unlock(&server->mutex);
}

/* --- the loop ------------------------------------------------------------------------------ */

static void notice_handle(struct qy_server *server, struct qy_received *in)
{
    uint64_t signals = in->message.words[0];
    if ((signals & NOTICE_SESSION_CLOSED) != 0) {
        session_end(server, in->badge);
    } else if ((signals & NOTICE_CALL_CANCELLED) != 0) {
        if (server->cancelled != NULL) {
            server->cancelled(server, in->badge);
        }
        (void)qy_token_drop(server->port, in->badge); /* stale, if it was answered just now */
    } else if ((signals & NOTICE_CANCEL_REQUESTED) != 0) {
        if (server->cancel_requested != NULL) {
            server->cancel_requested(server, in->badge);
        }
    } else if (in->badge == 0 && (signals & QY_NOTICE_END) != 0) {
        __atomic_store_n(&server->is_ended, true, __ATOMIC_RELAXED);
    } else if (in->badge == 0 && (signals & NOTICE_STOP) != 0) {
        /* The loop looks; what a former instance has left means nothing. */
    } else if (!qy_server_timer_notice(server, in->badge) && !qy_inbox_notice(server, in->badge) &&
               server->notice != NULL) {
        server->notice(server, in->badge, signals);
    }
    in->token = 0;
}

/* Whether receiving may go on after this error. An answer that could not be sent is given up. */
static bool error_is_passing(struct qy_server *server, int64_t error, uint64_t token)
{
    if (token != 0 && error != -ETOKEN_STALE && error != -ERETRY) {
        (void)qy_token_drop(server->port, token); /* if it was not spent anyway */
    }
    return error == -ETOKEN_STALE || error == -ETOKEN_DROPPED || error == -ENO_BUFFER ||
           error == -ERETRY || error == -EMSGSIZE || error == -EMFILE || error == -ENOMEM ||
           error == -EQUOTA;
}

void qy_server_stop(struct qy_server *server)
{
    __atomic_store_n(&server->is_stopping, true, __ATOMIC_RELAXED);
    (void)qy_port_notify(server->port, NOTICE_STOP); /* our own port */
}

static bool is_over(const struct qy_server *server)
{
    return __atomic_load_n(&server->is_ended, __ATOMIC_RELAXED) ||
           (__atomic_load_n(&server->is_stopping, __ATOMIC_RELAXED) &&
            __atomic_load_n(&server->deferred, __ATOMIC_RELAXED) == 0);
}

_Static_assert(offsetof(struct qy_request, in) == 0, "qy_port_serve's message is a request");

int64_t qy_server_run(struct qy_server *server)
{
    if (qy_buffer() == NULL) { /* long messages and handles arrive there */
        return -ENO_BUFFER;
    }
    struct qy_request request = {.server = server, .handlers = server->handlers};
    for (;;) {
        bool is_behind = __atomic_load_n(&server->is_behind, __ATOMIC_RELAXED);
        int64_t what = qy_port_serve(server->port, &request, is_behind ? 0 : DEADLINE_NEVER,
                                     qy_server_dispatch(server));
        if (what == -ETIMEDOUT) {
            qy_inboxes_resume(server);
            request.in.token = 0;
        } else if (what == RECEIVED_NOTICE) {
            notice_handle(server, &request.in);
            if (is_over(server)) {
                (void)qy_port_notify(server->port, NOTICE_STOP); /* the other threads stop too */
                return 0;
            }
        } else if (what == -EINTR) {
            continue; /* kicked: if the answer was not sent, it is sent now */
        } else if (error_is_passing(server, what, request.in.token)) {
            request.in.token = 0;
        } else {
            return what;
        }
    }
}
