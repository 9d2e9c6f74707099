/* SPDX-License-Identifier: MIT */
/*
 * A write takes what fits into the queue. If nothing fits it is answered later, with 0 bytes
 * accepted, when there is room again: so no payload is ever kept for a caller that waits.
 */
#include "driver.h"
#include "ns16550_regs.h"

#define WAITERS_MAX 16
#define ROOM_AGAIN  (QUEUE_SIZE / 4) /* room before writers are woken */

struct waiter {
    struct qy_pending call;
    bool is_drain; /* waits for an empty queue; else for room */
};

static struct {
    struct waiter waiters[WAITERS_MAX];
    uint32_t waiter_count;
    uint64_t sent_bytes;
} transmit_state;

static int64_t wait_add(struct qy_request *request, bool is_drain)
{
    if (transmit_state.waiter_count == WAITERS_MAX) {
        return QY_SERIAL_FAILURE_BUSY;
    }
    struct waiter *waiter = &transmit_state.waiters[transmit_state.waiter_count++];
    *waiter = (struct waiter){.is_drain = is_drain};
    return qy_defer(request, &waiter->call);
}

int64_t transmit_write(struct qy_request *request, const uint8_t *bytes, uint32_t count,
                       uint32_t *ret_accepted)
{
    if ((request->in.badge & QY_SERIAL_ACCESS_WRITE) == 0) {
        return QY_SERIAL_FAILURE_NO_ACCESS;
    }
    uint32_t room = transmit_room();
    if (room == 0) {
        return wait_add(request, false);
    }
    *ret_accepted = count < room ? count : room;
    transmit_put(bytes, *ret_accepted);
    return 0;
}

int64_t transmit_drain(struct qy_request *request)
{
    if (queue_used(&kept()->transmit) == 0 && device_can_send()) {
        return 0;
    }
    return wait_add(request, true);
}

uint32_t transmit_room(void)
{
    return queue_room(&kept()->transmit);
}

void transmit_put(const uint8_t *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        queue_put(&kept()->transmit, bytes[i]);
    }
}

static void waiters_answer(struct qy_server *server, bool is_empty)
{
    bool has_room = transmit_room() >= ROOM_AGAIN;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < transmit_state.waiter_count; i++) {
        struct waiter *waiter = &transmit_state.waiters[i];
        /* An answer fails only if the caller has gone. */
        if (waiter->is_drain && is_empty) {
            (void)qy_serial_drain_answer(server, &waiter->call);
        } else if (!waiter->is_drain && has_room) {
            (void)qy_serial_write_answer(server, &waiter->call, 0);
        } else {
            transmit_state.waiters[kept++] = *waiter;
        }
    }
    transmit_state.waiter_count = kept;
}

void transmit_continue(struct qy_server *server)
{
    struct queue *queue = &kept()->transmit;
    bool can_send = false;
    bool has_more = queue_used(queue) > 0;
    if (has_more || transmit_state.waiter_count > 0) {
        can_send = device_can_send();
    }
    if (can_send) {
        for (int i = 0; i < NS16550_FIFO_BYTES && queue_used(queue) > 0; i++) {
            device_send(queue_take(queue));
            transmit_state.sent_bytes++;
        }
    }
    waiters_answer(server, !has_more && can_send);
    device_notify_empty(has_more || transmit_state.waiter_count > 0);
}

void transmit_cancelled(struct qy_server *server, uint64_t token)
{
    for (uint32_t i = 0; i < transmit_state.waiter_count; i++) {
        if (qy_pending_cancel(server, &transmit_state.waiters[i].call, token)) {
            transmit_state.waiters[i] = transmit_state.waiters[--transmit_state.waiter_count];
            return;
        }
    }
}

uint64_t transmit_sent_bytes(void)
{
    return transmit_state.sent_bytes;
}
