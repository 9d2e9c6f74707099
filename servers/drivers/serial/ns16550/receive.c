/* SPDX-License-Identifier: MIT */
#include "driver.h"
#include "queue.h"

static struct {
    struct queue queue;
    uint64_t reader; /* token of the read that waits; 0: none */
    uint64_t received_bytes;
    uint64_t lost_bytes;
} receive_state;

static struct serial_data data_take(void)
{
    struct serial_data data = {0};
    while (data.length_bytes < SERIAL_READ_BYTES_MAX && queue_used(&receive_state.queue) > 0) {
        data.bytes[data.length_bytes++] = queue_take(&receive_state.queue);
    }
    return data;
}

int64_t receive_read(struct qy_server *server, struct qy_request *request)
{
    (void)server;
    if ((request->badge & SERIAL_MAY_READ) == 0) {
        return -EACCES;
    }
    if (receive_state.reader != 0) {
        return -EBUSY;
    }
    if (queue_used(&receive_state.queue) == 0) {
        receive_state.reader = request->token;
        return QY_DEFER;
    }
    struct serial_data data = data_take();
    _Static_assert(sizeof data <= sizeof request->answer, "fits into the registers");
    __builtin_memcpy(request->answer, &data, sizeof data);
    request->answer_bytes = sizeof data;
    return 0;
}

void receive_continue(struct qy_server *server)
{
    int byte;
    while ((byte = device_receive()) >= 0) {
        receive_state.received_bytes++;
        if (queue_room(&receive_state.queue) > 0) {
            queue_put(&receive_state.queue, (uint8_t)byte);
        } else {
            receive_state.lost_bytes++;
        }
    }
    if (receive_state.reader != 0 && queue_used(&receive_state.queue) > 0) {
        struct serial_data data = data_take();
        uint64_t token = receive_state.reader;
        receive_state.reader = 0;
        /* It fails only if the reader has gone; then nobody wanted the bytes. */
        (void)qy_request_answer(server, token, 0, &data, sizeof data);
    }
}

void receive_cancelled(uint64_t token)
{
    if (receive_state.reader == token) {
        receive_state.reader = 0;
    }
}

uint64_t receive_received_bytes(void)
{
    return receive_state.received_bytes;
}

uint64_t receive_lost_bytes(void)
{
    return receive_state.lost_bytes;
}
