/* SPDX-License-Identifier: MIT */
/* What libsys makes of the calls. */
#include "systest.h"
#include <idl/probe.h>
#include <quay/bootstrap.h>
#include <quay/event.h>
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

static handle_t event_make(void)
{
    int64_t event = qy_event_create(qy_self_job());
    tap_ok(event > 0, "an event");
    return (handle_t)event;
}

/* Handles: moved or copied, with the rights of the interface, and closed if nobody takes them. */
static void test_server_handles(handle_t to, time_ns_t deadline)
{
    handle_t event = event_make();
    handle_t back = HANDLE_INVALID;
    tap_equal(qy_probe_lend(to, event, &back, deadline), 0, "a handle there and back");
    tap_equal(qy_handle_info(event).status, OBJECT_EVENT, "the one copied is still ours");
    tap_equal((int64_t)qy_handle_info(back).second, RIGHT_SIGNAL | RIGHT_WAIT,
              "the one that came has the rights of the interface and no others");
    discard((int64_t)back);
    int64_t copy = qy_handle_dup(event, RIGHTS_SAME);
    bool has_spare = true;
    tap_equal(qy_probe_give(to, (handle_t)copy, false, HANDLE_INVALID, &has_spare, deadline), 0,
              "a handle given away");
    tap_ok(!has_spare, "and none beside it");
    tap_equal(qy_handle_info((handle_t)copy).status, -EBADF, "is ours no more");
    tap_equal((int64_t)qy_event_wait(event, 4, 1, DEADLINE_POLL).second, 4, "and was used");
    copy = qy_handle_dup(event, RIGHT_WAIT | RIGHT_TRANSFER);
    tap_equal(qy_probe_give(to, (handle_t)copy, false, HANDLE_INVALID, &has_spare, deadline),
              -EBAD_MESSAGE, "a handle without the right is refused");
    tap_equal(qy_handle_info((handle_t)copy).status, -EBADF, "and gone all the same");
    discard((int64_t)event);
}

/* Memory that is lent, across pages. */
static void test_server_leases(handle_t to, time_ns_t deadline)
{
    static uint8_t source[10000], target[10000];
    uint64_t size = 0;
    for (uint32_t i = 0; i < sizeof source; i++) {
        source[i] = (uint8_t)(i * 7);
    }
    tap_equal(qy_probe_copy(to, source, sizeof source, 100, target, sizeof target, &size, deadline),
              0, "lent memory is copied");
    tap_ok(size == sizeof source - 100 && memcmp(target, source + 100, size) == 0, "all of it");
    tap_equal(qy_probe_copy(to, source, sizeof source, 0, target, 5, &size, deadline),
              QY_PROBE_FAILURE_TOO_ODD, "but not beyond its end");
}

static void changed(void *context, uint32_t what)
{
    *(uint64_t *)context += what;
}

static void lost(void *context, uint64_t count)
{
    *(uint64_t *)context += count << 32;
}

static void test_server_events(handle_t to, time_ns_t deadline)
{
    static const struct qy_probe_events events = {.lost = lost, .changed = changed};
    handle_t channel = HANDLE_INVALID;
    uint64_t sum = 0;
    tap_equal(qy_probe_subscribe(to, &channel, deadline), 0, "a subscription");
    tap_equal(qy_probe_note(to, 5, deadline), 0, "something happens");
    tap_equal(qy_probe_receive(channel, &events, &sum, deadline), 0, "the event comes");
    tap_equal((int64_t)sum, 5, "rightly");
    for (uint32_t i = 0; i < QY_EVENT_SLOTS + 2; i++) {
        (void)qy_probe_note(to, 1, deadline); /* counted below */
    }
    char text[41];
    (void)qy_probe_greet(to, "", QY_PROBE_COLOR_RED, text, deadline); /* all are worked on */
    for (uint32_t i = 0; i < QY_EVENT_SLOTS; i++) {
        (void)qy_probe_receive(channel, &events, &sum, deadline); /* counted below */
    }
    tap_equal(qy_probe_note(to, 0, deadline), 0, "the next one");
    tap_equal(qy_probe_receive(channel, &events, &sum, deadline), 0, "tells");
    tap_equal((int64_t)sum, (2ll << 32) + 5 + QY_EVENT_SLOTS, "how many were lost");
    discard((int64_t)channel);
}

/* What no generated client sends. */
static void test_server_raw(handle_t to, time_ns_t deadline)
{
    struct qy_message message = {.header = IPC_HEADER(QY_PROBE_METHOD_ADD, 8, 0)};
    tap_equal(qy_message_call(to, &message, deadline), -EBAD_MESSAGE,
              "a payload that is too short is refused");
    message = (struct qy_message){.header = IPC_HEADER(QY_PROBE_METHOD_ADD, 17, 0)};
    tap_equal(qy_message_call(to, &message, deadline), -EBAD_MESSAGE, "and one that is too long");
    message = (struct qy_message){.header = IPC_HEADER(QY_PROBE_METHOD_ADD + 99, 0, 0)};
    tap_equal(qy_message_call(to, &message, deadline), -ENO_METHOD, "and an unknown method");
    message = (struct qy_message){.header = IPC_HEADER(QY_PROBE_PROTOCOL << 16 | 12, 0, 0)};
    tap_equal(qy_message_call(to, &message, deadline), -ENO_METHOD, "and one that was removed");
}

/* A server in a child process. */
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
    uint64_t sum = 0;
    tap_equal(qy_probe_add(to, 20, 22, &sum, deadline), 0, "answers");
    tap_equal((int64_t)sum, 42, "rightly");
    tap_equal(qy_probe_add(to, UINT64_MAX, 1, &sum, deadline), QY_PROBE_FAILURE_TOO_ODD,
              "an error of the protocol");
    tap_equal((int64_t)sum, 42, "sets no result");
    test_server_raw(to, deadline);
    tap_equal(qy_probe_later(to, &sum, deadline), 0, "a deferred answer comes");
    tap_equal((int64_t)sum, 77, "rightly");
    static uint8_t bytes[4000];
    memset(bytes, 3, sizeof bytes);
    tap_equal(qy_probe_total(to, bytes, sizeof bytes, &sum, deadline), 0, "a long call");
    tap_equal((int64_t)sum, 3 * (int64_t)sizeof bytes, "arrives completely");
    tap_equal(qy_probe_note(to, 9, deadline), 0, "a one-way call");
    char text[41];
    tap_equal(qy_probe_greet(to, "Mia", QY_PROBE_COLOR_GREEN, text, deadline), 0, "texts");
    tap_ok(qy_streq(text, "Mia 2 9"), "arrive");
    tap_equal(qy_probe_slow(to, QY_DEADLINE_DEFAULT), -ETIMEDOUT, "a deadline of the interface");
    test_server_handles(to, deadline);
    test_server_leases(to, deadline);
    test_server_events(to, deadline);
    tap_equal(qy_process_kill(child), 0, "the server is killed");
    (void)qy_object_wait(child, SIGNAL_EXITED, deadline);
    tap_equal(qy_probe_add(to, 1, 1, &sum, deadline), -EPEER_DIED, "its clients are told");
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
