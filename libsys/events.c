/* SPDX-License-Identifier: MIT */
/*
 * Events of servers. Each subscriber has a channel; what does not fit is counted and told with the
 * next event that does. A subscriber that has gone is found out when something is sent to it.
 */
#include <quay/bootstrap.h>
#include <quay/channel.h>
#include <quay/handle.h>
#include <quay/server.h>

int64_t qy_subscribe(handle_t session, handle_t *ret_events, time_ns_t deadline)
{
    return qy_handle_ask(session, QY_METHOD_SUBSCRIBE, OBJECT_CHANNEL_RECEIVER,
                         RIGHT_RECV | RIGHT_WAIT, ret_events, deadline);
}

static void subscriber_end(struct qy_subscriber *subscriber)
{
    qy_handle_discard(subscriber->sender);
    *subscriber = (struct qy_subscriber){0};
}

/* A place that is free, or that of one who has gone without an event to find it out by. */
static struct qy_subscriber *subscriber_free(struct qy_server *server)
{
    for (uint32_t i = 0; i < server->subscriber_max; i++) {
        struct qy_subscriber *subscriber = &server->subscribers[i];
        if (subscriber->sender != HANDLE_INVALID &&
            qy_object_wait(subscriber->sender, SIGNAL_PEER_CLOSED, 0) >= 0) {
            subscriber_end(subscriber);
        }
        if (subscriber->sender == HANDLE_INVALID) {
            return subscriber;
        }
    }
    return NULL;
}

static bool subscriber_add(struct qy_server *server, handle_t sender)
{
    qy_mutex_lock(&server->mutex);
    struct qy_subscriber *subscriber = subscriber_free(server);
    if (subscriber != NULL) {
        *subscriber = (struct qy_subscriber){.sender = sender};
    }
    qy_mutex_unlock(&server->mutex);
    return subscriber != NULL;
}

int64_t qy_subscribe_serve(struct qy_request *request, uint32_t bytes_max)
{
    struct qy_message *message = &request->in.message;
    if (message->header >> 32 != 0) {
        return qy_request_refuse(request, EBAD_MESSAGE);
    }
    struct qy_result made = qy_channel_create(qy_self_job(), QY_EVENT_SLOTS, bytes_max, 0);
    if (made.status < 0) {
        return EQUOTA;
    }
    if (!subscriber_add(request->server, (handle_t)made.status)) {
        (void)qy_handle_close((handle_t)made.status); /* both were made just now */
        (void)qy_handle_close(made.second);
        return EQUOTA;
    }
    return qy_handle_answer(request, made.second); /* else the place is found to be free again */
}

/* Tells of losses, if there are any; false if that does not fit either. */
static bool losses_send(struct qy_subscriber *subscriber)
{
    struct qy_message message;
    qy_message_set(&message, QY_EVENT_LOST, &subscriber->lost, sizeof subscriber->lost);
    if (subscriber->lost > 0 && qy_channel_send(subscriber->sender, &message) != 0) {
        return false;
    }
    subscriber->lost = 0;
    return true;
}

void qy_event_send(struct qy_server *server, const struct qy_message *message)
{
    qy_mutex_lock(&server->mutex);
    for (uint32_t i = 0; i < server->subscriber_max; i++) {
        struct qy_subscriber *subscriber = &server->subscribers[i];
        if (subscriber->sender == HANDLE_INVALID) {
            continue;
        }
        int64_t status = -EAGAIN;
        if (losses_send(subscriber)) {
            status = qy_channel_send(subscriber->sender, message);
        }
        if (status == -EPEER_DIED) {
            subscriber_end(subscriber);
        } else if (status < 0) {
            subscriber->lost++;
        }
    }
    qy_mutex_unlock(&server->mutex);
}

int64_t qy_event_lost_take(const struct qy_message *message,
                           void (*lost)(void *context, uint64_t count), void *context)
{
    uint64_t count;
    if (!qy_message_get(message, &count, sizeof count)) {
        return qy_message_reject(message);
    }
    if (lost != NULL) {
        lost(context, count);
    }
    return 0;
}
