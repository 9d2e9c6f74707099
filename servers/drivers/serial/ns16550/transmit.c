/* SPDX-License-Identifier: MIT */
/*
 * A write takes what fits into the queue. If nothing fits it is answered later, with 0 bytes
 * accepted, when there is room again: so no payload is ever kept for a caller that waits.
 */
#include "driver.h"
#include "ns16550_regs.h"
#include "queue.h"

#define WAITERS_MAX 16
#define ROOM_AGAIN  (QUEUE_SIZE / 4) /* room before writers are woken */

struct waiter {
    uint64_t token;
    bool is_drain; /* waits for an empty queue; else for room */
};

static struct {
    struct queue queue;
    struct waiter waiters[WAITERS_MAX];
    uint32_t waiter_count;
    uint64_t sent_bytes;
} transmit_state;

static int64_t wait_add(const struct qy_request *request, bool is_drain)
{
    if (transmit_state.waiter_count == WAITERS_MAX) {
        return -EBUSY;
    }
    transmit_state.waiters[transmit_state.waiter_count++] =
        (struct waiter){.token = request->token, .is_drain = is_drain};
    return QY_DEFER;
}

int64_t transmit_write(struct qy_server *server, struct qy_request *request)
{
    (void)server;
    if ((request->badge & SERIAL_MAY_WRITE) == 0) {
        return -EACCES;
    }
    uint32_t room = transmit_room();
    if (room == 0) {
        return wait_add(request, false);
    }
    uint32_t accepted = request->length_bytes < room ? request->length_bytes : room;
    transmit_put(request->payload, accepted);
    request->answer[0] = accepted;
    request->answer_bytes = sizeof(struct serial_written);
    return 0;
}

int64_t transmit_drain(struct qy_server *server, struct qy_request *request)
{
    (void)server;
    if (queue_used(&transmit_state.queue) == 0 && device_can_send()) {
        return 0;
    }
    return wait_add(request, true);
}

uint32_t transmit_room(void)
{
    return queue_room(&transmit_state.queue);
}

void transmit_put(const uint8_t *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        queue_put(&transmit_state.queue, bytes[i]);
    }
}

static void waiters_answer(struct qy_server *server, bool is_empty)
{
    bool has_room = transmit_room() >= ROOM_AGAIN;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < transmit_state.waiter_count; i++) {
        struct waiter *waiter = &transmit_state.waiters[i];
        if (waiter->is_drain ? is_empty : has_room) {
            const struct serial_written nothing = {0};
            /* It fails only if the caller has gone. */
            (void)qy_request_answer(server, waiter->token, 0, &nothing,
                                    waiter->is_drain ? 0 : sizeof nothing);
        } else {
            transmit_state.waiters[kept++] = *waiter;
        }
    }
    transmit_state.waiter_count = kept;
}

void transmit_continue(struct qy_server *server)
{
    struct queue *queue = &transmit_state.queue;
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

void transmit_cancelled(uint64_t token)
{
    for (uint32_t i = 0; i < transmit_state.waiter_count; i++) {
        if (transmit_state.waiters[i].token == token) {
            transmit_state.waiters[i] = transmit_state.waiters[--transmit_state.waiter_count];
            return;
        }
    }
}

uint64_t transmit_sent_bytes(void)
{
    return transmit_state.sent_bytes;
}
