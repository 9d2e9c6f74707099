/* SPDX-License-Identifier: MIT */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/memory.h>
#include <quay/port.h>
#include <quay/thread.h>

#define LENT_BYTES (200u * 1024)

static uint8_t lent[LENT_BYTES], copy[LENT_BYTES];

/* Answers one call after it has read lease 0 and written lease 1; the answer is the status. */
static void reader(void *argument)
{
    handle_t port = *(const handle_t *)argument;
    struct qy_received io = {0};

    if (qy_port_reply_receive(port, &io, qy_deadline_after(PATIENT)) != RECEIVED_CALL) {
        return;
    }
    int64_t status = qy_lease_read(port, io.token, 0, 0, copy, LENT_BYTES);
    for (uint32_t i = 0; status == 0 && i < LENT_BYTES; i++) {
        copy[i] = (uint8_t)(copy[i] + 1);
    }
    if (status == 0) {
        status = qy_lease_write(port, io.token, 1, 0, copy, LENT_BYTES);
    }
    struct qy_message answer = {.header = IPC_HEADER(0, 8, 0), .words = {(uint64_t)status}};
    (void)qy_port_reply(port, io.token, &answer); /* the caller says what it got */
}

void test_leases(void)
{
    struct message_buffer *buffer = qy_buffer();
    int64_t port = qy_port_create(qy_self_job(), 2);
    handle_t server = (handle_t)port;
    struct qy_result session = qy_session_create(server, 1, 0);
    void *back = NULL;
    int64_t memory = qy_memory_create(qy_self_job(), LENT_BYTES, 0);
    tap_equal(qy_memory_map((handle_t)memory, 0, LENT_BYTES, MAP_READ | MAP_WRITE, &back), 0,
              "memory that nobody has touched");
    for (uint32_t i = 0; i < LENT_BYTES; i++) {
        lent[i] = (uint8_t)(i * 13 >> 3);
    }
    struct qy_thread *thread;
    tap_equal(qy_thread_create(reader, &server, 0, &thread), 0, "a server");
    qy_lease_set(buffer, 0, lent, LENT_BYTES, LEASE_READ);
    qy_lease_set(buffer, 1, back, LENT_BYTES, LEASE_WRITE);
    struct qy_message message = {.header = IPC_HEADER(1, 0, 0) | IPC_LEASES(2)};
    tap_equal(qy_port_call(session.second, &message, qy_deadline_after(PATIENT)), 0,
              "a call that lends 200 KiB to read and to write");
    tap_equal((int64_t)message.words[0], 0, "both are copied");
    bool is_right = true;
    for (uint32_t i = 0; i < LENT_BYTES; i++) {
        is_right &= ((uint8_t *)back)[i] == (uint8_t)(lent[i] + 1);
    }
    tap_ok(is_right, "all bytes right");
    tap_equal(qy_thread_join(thread, qy_deadline_after(PATIENT)), 0, "it ends");
    discard((int64_t)session.second);
    discard(session.status);
    discard(memory);
    discard(port);
}
