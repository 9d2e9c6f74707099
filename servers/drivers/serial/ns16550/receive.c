/* SPDX-License-Identifier: MIT */
#include "driver.h"

static struct {
    struct qy_pending reader; /* the read that waits */
    uint64_t received_bytes;
    uint64_t lost_bytes;
} receive_state;

static uint32_t data_take(uint8_t *bytes)
{
    uint32_t count = 0;
    while (count < QY_SERIAL_READ_MAX && queue_used(&kept()->receive) > 0) {
        bytes[count++] = queue_take(&kept()->receive);
    }
    return count;
}

int64_t receive_read(struct qy_request *request, uint8_t *ret_data, uint32_t *ret_count)
{
    if ((request->in.badge & QY_SERIAL_ACCESS_READ) == 0) {
        return QY_SERIAL_FAILURE_NO_ACCESS;
    }
    if (qy_is_pending(&receive_state.reader)) {
        return QY_SERIAL_FAILURE_BUSY;
    }
    if (queue_used(&kept()->receive) == 0) {
        return qy_defer(request, &receive_state.reader);
    }
    *ret_count = data_take(ret_data);
    return 0;
}

void receive_continue(struct qy_server *server)
{
    int byte;
    while ((byte = device_receive()) >= 0) {
        receive_state.received_bytes++;
        if (queue_room(&kept()->receive) > 0) {
            queue_put(&kept()->receive, (uint8_t)byte);
        } else {
            receive_state.lost_bytes++;
        }
    }
    if (qy_is_pending(&receive_state.reader) && queue_used(&kept()->receive) > 0) {
        uint8_t bytes[QY_SERIAL_READ_MAX];
        uint32_t count = data_take(bytes);
        /* It fails only if the reader has gone; then nobody wanted the bytes. */
        (void)qy_serial_read_answer(server, &receive_state.reader, bytes, count);
    }
}

void receive_cancelled(struct qy_server *server, uint64_t token)
{
    (void)qy_pending_cancel(server, &receive_state.reader, token);
}

uint64_t receive_received_bytes(void)
{
    return receive_state.received_bytes;
}

uint64_t receive_lost_bytes(void)
{
    return receive_state.lost_bytes;
}
