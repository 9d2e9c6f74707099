/* SPDX-License-Identifier: MIT */
/* The client's side of a call. What the server answers is hostile: lengths are checked. */
#include <quay/server.h>
#include <quay/text.h>
#include <quay/thread.h>

/* The status in an answer, and up to answer_max bytes after it; missing ones are zero. */
static int64_t answer_take(const struct qy_message *message, void *answer, uint32_t answer_max)
{
    uint32_t length = IPC_HEADER_LENGTH(message->header);
    if (length < sizeof(int64_t) || length > IPC_REGISTER_BYTES) {
        return -EIO;
    }
    length -= (uint32_t)sizeof(int64_t);
    if (answer_max > 0) {
        uint32_t copied = length < answer_max ? length : answer_max;
        memcpy(answer, &message->words[1], copied);
        memset((uint8_t *)answer + copied, 0, answer_max - copied);
    }
    return (int64_t)message->words[0];
}

static int64_t call_send(handle_t session, struct qy_message *message, void *answer,
                         uint32_t answer_max, time_ns_t deadline)
{
    int64_t status = qy_port_call(session, message, deadline);
    if (status < 0) {
        return status;
    }
    qy_received_handles_close(IPC_HEADER_HANDLES(message->header));
    return answer_take(message, answer, answer_max);
}

int64_t qy_call(handle_t session, uint32_t method, const void *payload, uint32_t length,
                void *answer, uint32_t answer_max, time_ns_t deadline)
{
    if (length > IPC_REGISTER_BYTES) {
        return -EMSGSIZE;
    }
    struct qy_message message = {.header = IPC_HEADER(method, length, 0)};
    if (length > 0) {
        memcpy(message.words, payload, length);
    }
    return call_send(session, &message, answer, answer_max, deadline);
}

int64_t qy_call_long(handle_t session, uint32_t method, const void *payload, uint32_t length,
                     void *answer, uint32_t answer_max, time_ns_t deadline)
{
    if (length <= IPC_REGISTER_BYTES) {
        return qy_call(session, method, payload, length, answer, answer_max, deadline);
    }
    if (length > IPC_PAYLOAD_MAX) {
        return -EMSGSIZE;
    }
    struct message_buffer *buffer = qy_buffer();
    if (buffer == NULL) {
        return -ENO_BUFFER;
    }
    memcpy(buffer->payload, payload, length);
    struct qy_message message = {.header = IPC_HEADER(method, length, 0)};
    return call_send(session, &message, answer, answer_max, deadline);
}
