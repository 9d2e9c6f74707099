/* SPDX-License-Identifier: MIT */
/* What libsys makes of the calls. */
#include "systest.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/heap.h>
#include <quay/process.h>
#include <quay/server.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

static void test_heap(void)
{
    bool is_ok = true;
    static uint8_t *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = qy_alloc(i * 37 + 1);
        is_ok &= blocks[i] != NULL;
        if (blocks[i] != NULL) {
            memset(blocks[i], (int)i, i * 37 + 1);
        }
    }
    for (size_t i = 0; i < 200; i++) {
        is_ok &= blocks[i][0] == (uint8_t)i && blocks[i][i * 37] == (uint8_t)i;
        qy_free(blocks[i]);
    }
    tap_ok(is_ok, "200 blocks keep their contents");
    uint8_t *block = qy_alloc_zeroed(1000, 100);
    tap_ok(block != NULL && block[99999] == 0, "a large zeroed block");
    block[5] = 5;
    block = qy_realloc(block, 200000);
    tap_ok(block != NULL && block[5] == 5, "grown");
    qy_free(block);
    tap_ok(qy_alloc_zeroed(SIZE_MAX / 2, 3) == NULL, "a product that overflows");
}

/* A server in a child process: methods, deferred answers, lengths that do not fit. */
static void test_server(void)
{
    int64_t port = qy_port_create(qy_self_job(), 4);
    struct qy_result session = qy_session_create((handle_t)port, 3, 0);
    const struct qy_spawn_handle handles[] = {
        {(handle_t)port, RIGHTS_SAME, HANDLE_MOVE, BOOTSTRAP_PORT, 0, NULL}};
    handle_t child = HANDLE_INVALID;
    tap_equal(self_spawn("server", 0, qy_self_job(), handles, 1, &child), 0, "a server");
    handle_t to = session.second;
    time_ns_t deadline = qy_deadline_after(PATIENT);
    uint64_t numbers[2] = {20, 22}, sum = 0;
    tap_equal(qy_call(to, 1, numbers, sizeof numbers, &sum, sizeof sum, deadline), 0, "answers");
    tap_equal((int64_t)sum, 42, "rightly");
    tap_equal(qy_call(to, 1, numbers, 8, &sum, sizeof sum, deadline), -EINVAL,
              "a payload that is too short is refused");
    tap_equal(qy_call(to, 1, numbers, 17, &sum, sizeof sum, deadline), -EINVAL,
              "and one that is too long");
    tap_equal(qy_call(to, 99, NULL, 0, NULL, 0, deadline), -ENOSYS, "and an unknown method");
    tap_equal(qy_call(to, 2, NULL, 0, &sum, sizeof sum, deadline), 0, "a deferred answer comes");
    tap_equal((int64_t)sum, 77, "rightly");
    struct message_buffer *buffer = qy_buffer();
    memset(buffer->payload, 3, IPC_PAYLOAD_MAX);
    static uint8_t bytes[IPC_PAYLOAD_MAX];
    memset(bytes, 3, sizeof bytes);
    tap_equal(qy_call_long(to, 3, bytes, sizeof bytes, &sum, sizeof sum, deadline), 0,
              "a long call");
    tap_equal((int64_t)sum, 3 * IPC_PAYLOAD_MAX, "arrives completely");
    tap_equal(qy_process_kill(child), 0, "the server is killed");
    (void)qy_object_wait(child, SIGNAL_EXITED, deadline);
    tap_equal(qy_call(to, 1, numbers, sizeof numbers, &sum, sizeof sum, deadline), -EPEER_DIED,
              "its clients are told");
    tap_equal(qy_object_wait(to, SIGNAL_PEER_CLOSED, deadline), SIGNAL_PEER_CLOSED,
              "and the session signals it");
    discard((int64_t)to);
    discard(session.status);
    discard((int64_t)child);
}

void test_libsys(void)
{
    test_heap();
    test_server();
}
