/* SPDX-License-Identifier: MIT */
#include <quay/handle.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/thread.h>

#define ANSWER_MAX ((uint32_t)sizeof(((struct qy_request *)0)->answer))

static void answer_set(struct qy_message *message, int64_t status, const void *bytes,
                       uint32_t length)
{
    if (length > ANSWER_MAX) {
        length = ANSWER_MAX;
    }
    *message = (struct qy_message){.header = IPC_HEADER(0, sizeof status + length, 0)};
    message->words[0] = (uint64_t)status;
    if (length > 0) {
        memcpy(&message->words[1], bytes, length);
    }
}

void qy_received_handles_close(uint32_t count)
{
    struct message_buffer *buffer = qy_buffer();
    for (uint32_t i = 0; buffer != NULL && i < count && i < IPC_HANDLES_MAX; i++) {
        (void)qy_handle_close(buffer->handles[i].handle); /* nobody asked for it */
    }
}

static const struct qy_method *method_find(const struct qy_server *server, uint32_t ordinal)
{
    for (uint32_t i = 0; i < server->method_count; i++) {
        if (server->methods[i].ordinal == ordinal) {
            return &server->methods[i];
        }
    }
    return NULL;
}

/* Where the payload lies, or NULL if it cannot be read. */
static const uint8_t *payload_of(const struct qy_received *received, uint32_t length)
{
    if (length <= IPC_REGISTER_BYTES) {
        return (const uint8_t *)received->message.words;
    }
    const struct message_buffer *buffer = qy_buffer();
    return buffer != NULL ? buffer->payload : NULL;
}

/* Checks the header, runs the handler and returns what it said. */
static int64_t request_dispatch(struct qy_server *server, const struct qy_received *received,
                                struct qy_request *request)
{
    uint64_t header = received->message.header;
    uint32_t handle_count = IPC_HEADER_HANDLES(header);
    qy_received_handles_close(handle_count); /* no method of today takes any */
    const struct qy_method *method = method_find(server, IPC_HEADER_METHOD(header));
    if (method == NULL) {
        return -ENOSYS;
    }
    uint32_t length = IPC_HEADER_LENGTH(header);
    const uint8_t *payload = payload_of(received, length);
    if (handle_count > 0 || payload == NULL || length < method->length_min ||
        length > method->length_max) {
        return -EINVAL;
    }
    *request = (struct qy_request){
        .badge = received->badge,
        .sender_job = received->sender_job,
        .token = received->token,
        .method = method->ordinal,
        .length_bytes = length,
        .payload = payload,
    };
    return method->handler(server, request);
}

static void call_handle(struct qy_server *server, struct qy_received *io)
{
    struct qy_request request = {0};
    int64_t status = request_dispatch(server, io, &request);
    if (status == QY_DEFER) {
        io->token = 0;
        return;
    }
    answer_set(&io->message, status, request.answer, status == 0 ? request.answer_bytes : 0);
}

static void notice_handle(struct qy_server *server, struct qy_received *io)
{
    uint64_t signals = io->message.words[0];
    if ((signals & NOTICE_SESSION_CLOSED) != 0) {
        if (server->session_closed != NULL) {
            server->session_closed(server, io->badge);
        }
    } else if ((signals & NOTICE_CALL_CANCELLED) != 0) {
        if (server->cancelled != NULL) {
            server->cancelled(server, io->badge);
        }
    } else if (server->notice != NULL) {
        server->notice(server, io->badge, signals);
    }
    io->token = 0;
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

int64_t qy_server_run(struct qy_server *server)
{
    struct qy_received io = {0};
    for (;;) {
        uint64_t answered = io.token;
        int64_t what = qy_port_reply_receive(server->port, &io, DEADLINE_NEVER);
        if (what == RECEIVED_CALL) {
            call_handle(server, &io);
        } else if (what == RECEIVED_NOTICE) {
            notice_handle(server, &io);
        } else if (error_is_passing(server, what, answered)) {
            io.token = 0;
        } else {
            return what;
        }
    }
}

int64_t qy_request_answer(struct qy_server *server, uint64_t token, int64_t status,
                          const void *bytes, uint32_t length)
{
    struct qy_message message;
    answer_set(&message, status, bytes, status == 0 ? length : 0);
    return qy_port_reply(server->port, token, &message);
}
