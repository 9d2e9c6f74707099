/* SPDX-License-Identifier: MIT */
/*
 * Calls while N clients are queued on one server. The clients, threads of another process, do
 * nothing but call; this thread is the server, at a lower priority, so that every client is
 * queued again before the next call is taken. One sample: N rounds of answering one client and
 * receiving the next, divided by N; a round has in it one complete call: queueing it, taking it,
 * answering it, and the client's way out and in again.
 */
#include "bench.h"
#include <quay/bootstrap.h>
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/text.h>
#include <quay/thread.h>

#define SERVER_PRIORITY 20
#define ROUNDS_TOTAL    100000u
#define SAMPLES_LEAST   100u

static void queued_measure(const char *name, uint32_t clients, uint8_t usual_priority)
{
    int64_t port = qy_port_create(qy_self_job(), 8);
    must(port, "port_create");
    struct qy_result session = qy_session_create((handle_t)port, 1, clients);
    must(session.status, "session_create");
    const struct peer_handles handles = {.session = session.second};
    handle_t peer = peer_start("callers", clients, &handles);
    handle_t self = qy_thread_self()->handle;
    must(qy_thread_set_priority(self, SERVER_PRIORITY), "thread_set_priority");

    struct qy_received io = {0};
    must(qy_port_reply_receive((handle_t)port, &io, DEADLINE_NEVER), "receive");
    uint32_t count = ROUNDS_TOTAL / clients;
    count = count < SAMPLES_LEAST ? SAMPLES_LEAST : count > 2000 ? 2000 : count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t start = qy_tsc_read();
        for (uint32_t n = 0; n < clients; n++) {
            must(qy_port_reply_receive((handle_t)port, &io, DEADLINE_NEVER), "reply_receive");
        }
        samples[i] = qy_tsc_read() - start - sample_overhead();
    }
    must(qy_thread_set_priority(self, usual_priority), "thread_set_priority");
    samples_print(name, count, clients);
    peer_end(peer);
    must(qy_handle_close((handle_t)port), "handle_close");
}

void rows_queue(void)
{
    queued_measure("call_queued_10", 10, PRIORITY_USUAL);
    queued_measure("call_queued_100", 100, PRIORITY_USUAL);
    queued_measure("call_queued_1000", 1000, PRIORITY_USUAL);
}
