/* SPDX-License-Identifier: MIT */
/*
 * One-way calls through channels. Each outbox of a client is a channel whose other end, the inbox,
 * the server keeps and has bound to its port.
 */
#include <quay/bootstrap.h>
#include <quay/channel.h>
#include <quay/handle.h>
#include <quay/outbox.h>
#include <quay/server.h>

/* --- the client ---------------------------------------------------------------------------- */

int64_t qy_outbox_open(struct qy_outbox *outbox, handle_t session, time_ns_t deadline)
{
    *outbox = (struct qy_outbox){.sender = HANDLE_INVALID};
    return qy_handle_ask(session, QY_METHOD_INBOX, OBJECT_CHANNEL_SENDER, RIGHT_SEND,
                         &outbox->sender, deadline);
}

void qy_outbox_close(struct qy_outbox *outbox)
{
    qy_handle_discard(outbox->sender);
    outbox->sender = HANDLE_INVALID;
}

int64_t qy_outbox_post(struct qy_outbox *outbox, const struct qy_message *message)
{
    int64_t status = qy_channel_send(outbox->sender, message);
    outbox->lost += status == -EAGAIN;
    return status;
}

/* --- the server ---------------------------------------------------------------------------- */

static void inbox_end(struct qy_inbox *inbox)
{
    qy_handle_discard(inbox->receiver);
    *inbox = (struct qy_inbox){.receiver = HANDLE_INVALID};
}

/* Has the port told of what is in it now, and of what comes. */
static int64_t inbox_bind(struct qy_server *server, const struct qy_inbox *inbox)
{
    uint64_t key = QY_KEY_INBOX + (uint64_t)(inbox - server->inboxes);
    int64_t status =
        qy_port_bind(server->port, inbox->receiver, SIGNAL_READABLE | SIGNAL_PEER_CLOSED, key);
    return status == -EEXIST ? 0 : status;
}

static int64_t inbox_add(struct qy_server *server, const struct qy_inbox *added)
{
    int64_t status = -EQUOTA;
    qy_mutex_lock(&server->mutex);
    for (uint32_t i = 0; i < server->inbox_max && status == -EQUOTA; i++) {
        struct qy_inbox *inbox = &server->inboxes[i];
        if (inbox->receiver == HANDLE_INVALID) {
            *inbox = *added;
            status = inbox_bind(server, inbox);
            if (status < 0) {
                *inbox = (struct qy_inbox){.receiver = HANDLE_INVALID};
            }
        }
    }
    qy_mutex_unlock(&server->mutex);
    return status;
}

int64_t qy_inbox_open_serve(struct qy_request *request, uint32_t bytes_max, uint32_t handle_max,
                            qy_dispatch_fn *dispatch)
{
    if (request->in.message.header >> 32 != 0) {
        return qy_request_refuse(request, EBAD_MESSAGE);
    }
    if (request->server->inbox_max == 0) {
        return ENO_METHOD;
    }
    struct qy_result made = qy_channel_create(qy_self_job(), QY_INBOX_SLOTS, bytes_max, handle_max);
    if (made.status < 0) {
        return EQUOTA;
    }
    const struct qy_inbox inbox = {
        .receiver = made.second,
        .badge = request->in.badge,
        .sender_job = request->in.sender_job,
        .handlers = request->handlers,
        .dispatch = dispatch,
    };
    if (inbox_add(request->server, &inbox) != 0) {
        (void)qy_handle_close((handle_t)made.status); /* both were made just now */
        (void)qy_handle_close(made.second);
        return EQUOTA;
    }
    return qy_handle_answer(request, (handle_t)made.status);
}

/* The next one-way call of an inbox. False: there is none, or there is no inbox any more. */
static bool post_take(struct qy_server *server, struct qy_inbox *inbox,
                      struct qy_request *ret_request, qy_dispatch_fn **ret_dispatch)
{
    int64_t status = -EAGAIN;
    qy_mutex_lock(&server->mutex);
    *ret_request = (struct qy_request){
        .in = {.badge = inbox->badge, .sender_job = inbox->sender_job},
        .server = server,
        .handlers = inbox->handlers,
    };
    *ret_dispatch = inbox->dispatch;
    if (inbox->receiver != HANDLE_INVALID) {
        status = qy_channel_receive(inbox->receiver, &ret_request->in.message);
    }
    if (status < 0 && status != -EAGAIN) {
        inbox_end(inbox); /* no more come, or they cannot be received */
    }
    qy_mutex_unlock(&server->mutex);
    return status == 0;
}

static uint32_t posts_serve(struct qy_server *server, struct qy_inbox *inbox)
{
    struct qy_request request;
    qy_dispatch_fn *dispatch;
    uint32_t count = 0;
    while (count < QY_INBOX_SLOTS && post_take(server, inbox, &request, &dispatch)) {
        (void)qy_statistics_counted(&request, dispatch); /* nobody hears of it */
        count++;
    }
    return count;
}

bool qy_inbox_notice(struct qy_server *server, uint64_t key)
{
    if (key < QY_KEY_INBOX || key - QY_KEY_INBOX >= server->inbox_max) {
        return false;
    }
    struct qy_inbox *inbox = &server->inboxes[key - QY_KEY_INBOX];
    if (posts_serve(server, inbox) == QY_INBOX_SLOTS) {
        /* Perhaps there are more, but it is the turn of who waits, and notices come before calls.
         */
        __atomic_store_n(&inbox->is_behind, true, __ATOMIC_RELAXED);
        __atomic_store_n(&server->is_behind, true, __ATOMIC_RELAXED);
    }
    return true;
}

void qy_inboxes_resume(struct qy_server *server)
{
    __atomic_store_n(&server->is_behind, false, __ATOMIC_RELAXED);
    qy_mutex_lock(&server->mutex);
    for (uint32_t i = 0; i < server->inbox_max; i++) {
        struct qy_inbox *inbox = &server->inboxes[i];
        if (inbox->receiver != HANDLE_INVALID && inbox->is_behind) {
            inbox->is_behind = false;
            (void)qy_port_unbind(server->port, inbox->receiver); /* it is bound again anyhow */
            if (inbox_bind(server, inbox) < 0) {
                inbox_end(inbox);
            }
        }
    }
    qy_mutex_unlock(&server->mutex);
}

void qy_inboxes_end(struct qy_server *server, uint64_t badge)
{
    for (uint32_t i = 0; i < server->inbox_max; i++) {
        struct qy_inbox *inbox = &server->inboxes[i];
        if (inbox->receiver != HANDLE_INVALID && inbox->badge == badge) {
            (void)posts_serve(server, inbox); /* at most what fits into it */
            qy_mutex_lock(&server->mutex);
            inbox_end(inbox);
            qy_mutex_unlock(&server->mutex);
        }
    }
}
