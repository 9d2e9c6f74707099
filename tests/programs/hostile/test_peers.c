/* SPDX-License-Identifier: MIT */
/* Servers and clients that die in the middle. */
#include "hostile.h"
#include <quay/bootstrap.h>
#include <quay/event.h>
#include <quay/handle.h>
#include <quay/port.h>
#include <quay/process.h>
#include <quay/thread.h>
#include "../shared/self_spawn.h"

#define CALLERS 3
#define ROUNDS  10

struct call {
    handle_t session;
    int64_t status;
    struct qy_thread *thread;
};

static void caller(void *argument)
{
    struct call *call = argument;
    struct qy_message message = {.header = IPC_HEADER(1, 8, 0)};
    call->status = qy_port_call(call->session, &message, qy_deadline_after(PATIENT));
}

/* The server, a child, takes the first call and never answers; the others are queued. */
static bool server_kill_round(void)
{
    int64_t port = qy_port_create(qy_self_job(), 4);
    struct qy_result session = qy_session_create((handle_t)port, 1, CALLERS);
    const struct qy_spawn_handle handles[] = {
        {(handle_t)port, RIGHTS_SAME, HANDLE_MOVE, BOOTSTRAP_PORT, 0, NULL}};
    handle_t child = HANDLE_INVALID;
    bool is_ok = self_spawn("deaf", 0, qy_self_job(), handles, 1, &child) == 0;
    struct call calls[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        calls[i] = (struct call){.session = session.second};
        is_ok &= qy_thread_create(caller, &calls[i], 0, &calls[i].thread) == 0;
    }
    (void)qy_thread_sleep(qy_deadline_after(QY_MILLISECOND * 5));
    is_ok &= qy_process_kill(child) == 0;
    for (int i = 0; i < CALLERS; i++) {
        is_ok &= qy_thread_join(calls[i].thread, qy_deadline_after(PATIENT)) == 0;
        if (calls[i].status != -EPEER_DIED) {
            qy_printf("# caller %d got %s\n", i, qy_error_text(calls[i].status));
            is_ok = false;
        }
    }
    struct qy_message message = {0};
    is_ok &= qy_port_call(session.second, &message, DEADLINE_NEVER) == -EPEER_DIED;
    is_ok &= qy_object_wait(session.second, SIGNAL_PEER_CLOSED, qy_deadline_after(PATIENT)) ==
             SIGNAL_PEER_CLOSED;
    discard((int64_t)session.second);
    discard(session.status);
    discard((int64_t)child);
    return is_ok;
}

/* The port lives on in us: the received call fails at once, the queued ones wait for the next
 * server, which is ourselves. */
static bool server_survived_round(void)
{
    int64_t port = qy_port_create(qy_self_job(), 4);
    struct qy_result session = qy_session_create((handle_t)port, 1, CALLERS);
    int64_t taken = qy_event_create(qy_self_job()); /* the child says that it has a call */
    const struct qy_spawn_handle handles[] = {
        {(handle_t)port, RIGHTS_SAME, HANDLE_COPY, BOOTSTRAP_PORT, 0, NULL},
        self_handle((handle_t)taken, "taken")};
    handle_t child = HANDLE_INVALID;
    bool is_ok = self_spawn("deaf", 0, qy_self_job(), handles, 2, &child) == 0;
    struct call calls[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        calls[i] = (struct call){.session = session.second};
        is_ok &= qy_thread_create(caller, &calls[i], 0, &calls[i].thread) == 0;
    }
    is_ok &= qy_event_wait((handle_t)taken, 1, 0, qy_deadline_after(PATIENT)).status == 0;
    is_ok &= qy_process_kill(child) == 0;
    is_ok &= qy_object_wait(child, SIGNAL_EXITED, qy_deadline_after(PATIENT)) == SIGNAL_EXITED;
    for (int i = 0; i < CALLERS - 1; i++) {
        struct qy_received io = {0};
        is_ok &=
            qy_port_reply_receive((handle_t)port, &io, qy_deadline_after(PATIENT)) == RECEIVED_CALL;
        is_ok &= qy_port_reply((handle_t)port, io.token, &io.message) == 0;
    }
    int died = 0, answered = 0;
    for (int i = 0; i < CALLERS; i++) {
        is_ok &= qy_thread_join(calls[i].thread, qy_deadline_after(PATIENT)) == 0;
        died += calls[i].status == -EPEER_DIED;
        answered += calls[i].status == 0;
    }
    is_ok &= died == 1 && answered == CALLERS - 1;
    discard((int64_t)session.second);
    discard(session.status);
    discard((int64_t)child);
    discard(taken);
    discard(port);
    return is_ok;
}

/* The client dies while its call is received: the server learns it and its answer is late. */
static bool client_kill_round(void)
{
    int64_t port = qy_port_create(qy_self_job(), 4);
    struct qy_result session = qy_session_create((handle_t)port, 6, 0);
    const struct qy_spawn_handle handles[] = {
        {session.second, RIGHTS_SAME, HANDLE_MOVE, BOOTSTRAP_SESSION, 0, NULL}};
    handle_t child = HANDLE_INVALID;
    bool is_ok = self_spawn("caller", 0, qy_self_job(), handles, 1, &child) == 0;
    struct qy_received call = {0}, io = {0};
    time_ns_t deadline = qy_deadline_after(PATIENT);
    is_ok &= qy_port_reply_receive((handle_t)port, &call, deadline) == RECEIVED_CALL;
    is_ok &= qy_process_kill(child) == 0;
    is_ok &= qy_port_reply_receive((handle_t)port, &io, deadline) == RECEIVED_NOTICE;
    is_ok &= (io.message.words[0] & NOTICE_CALL_CANCELLED) != 0 && io.badge == call.token;
    is_ok &= qy_port_reply((handle_t)port, call.token, &call.message) == -ETOKEN_STALE;
    /* Its process took the client's handle with it; the owner's keeps the session from ending. */
    discard(session.status);
    io = (struct qy_received){0};
    is_ok &= qy_port_reply_receive((handle_t)port, &io, deadline) == RECEIVED_NOTICE;
    is_ok &= (io.message.words[0] & NOTICE_SESSION_CLOSED) != 0 && io.badge == 6;
    discard((int64_t)child);
    discard(port);
    return is_ok;
}

struct side {
    handle_t port, owner, session;
    struct side *other;
    int refused, failed;
    bool is_done; /* atomic */
};

#define MEETINGS 100

static void side_serve(struct side *side, time_ns_t deadline)
{
    struct qy_received io = {0};
    while (qy_port_reply_receive(side->port, &io, deadline) == RECEIVED_CALL) {
        side->failed += qy_port_reply(side->port, io.token, &io.message) != 0;
        io = (struct qy_received){0};
    }
}

/* Calls the other; serves its own port when it is told that the other waits for it. */
static void side_run(void *argument)
{
    struct side *side = argument;
    side_serve(side, DEADLINE_POLL); /* from now on this port is ours to serve */
    for (int i = 0; i < MEETINGS; i++) {
        struct qy_message message = {.header = IPC_HEADER(1, 8, 0)};
        int64_t status = qy_port_call(side->other->session, &message, qy_deadline_after(PATIENT));
        side->failed += status != 0 && status != -EDEADLK;
        if (status == -EDEADLK) {
            side->refused++;
            side_serve(side, DEADLINE_POLL);
        }
    }
    __atomic_store_n(&side->is_done, true, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&side->other->is_done, __ATOMIC_ACQUIRE)) {
        side_serve(side, qy_deadline_after(QY_MILLISECOND));
    }
}

/* Two servers call each other at once, again and again: nobody waits for ever. */
static bool ring_round(void)
{
    struct side sides[2];
    struct qy_thread *threads[2];
    bool is_ok = true;
    for (int i = 0; i < 2; i++) {
        int64_t port = qy_port_create(qy_self_job(), 4);
        struct qy_result session = qy_session_create((handle_t)port, 1, 4);
        sides[i] = (struct side){.port = (handle_t)port,
                                 .owner = (handle_t)session.status,
                                 .session = session.second,
                                 .other = &sides[1 - i]};
    }
    for (int i = 0; i < 2; i++) {
        is_ok &= qy_thread_create(side_run, &sides[i], 0, &threads[i]) == 0;
    }
    for (int i = 0; i < 2; i++) {
        is_ok &= qy_thread_join(threads[i], qy_deadline_after(PATIENT)) == 0;
        discard((int64_t)sides[i].session);
        discard((int64_t)sides[i].owner);
        discard((int64_t)sides[i].port);
    }
    qy_printf("# rings refused: %d and %d\n", sides[0].refused, sides[1].refused);
    return is_ok && sides[0].refused + sides[1].refused > 0 &&
           sides[0].failed + sides[1].failed == 0;
}

static void rounds(bool (*round)(void), const char *what)
{
    bool is_ok = true;
    for (int i = 0; i < ROUNDS; i++) {
        is_ok &= round();
    }
    tap_ok(is_ok, "%s", what);
}

void test_peers(void)
{
    rounds(server_kill_round, "a server dies with its port: all callers are told");
    rounds(server_survived_round, "a server dies, its port does not: queued callers go on waiting");
    tap_ok(ring_round(), "two servers that call each other do not wait for ever");
    rounds(client_kill_round, "a client dies: the server is told, and its session ends");
}
