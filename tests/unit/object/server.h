/* SPDX-License-Identifier: MIT */
/* A server with a port, played by init, and clients in processes of their own. */
#pragma once

#include "unit/object/start.h"

struct server {
    struct fake_thread *thread; /* of init */
    handle_t port;
};

struct client {
    struct fake_process process;
    struct fake_thread *thread;
    handle_t owner;   /* in init's table */
    handle_t session; /* in the client's own */
};

/* Another process that may receive from the server's port. */
struct receiver {
    struct fake_process process;
    struct fake_thread *thread;
    handle_t port; /* in its own table */
};

#define EMPTY IPC_HEADER(1, 0, 0)

static inline struct server server_on(unsigned cpus, unsigned choice, uint64_t tokens)
{
    struct fake_thread *thread = start_with(cpus, choice);

    return (struct server){thread, MAKE(thread, SYS_port_create, job(), tokens)};
}

static inline struct server server(uint64_t tokens)
{
    return server_on(1, 0, tokens);
}

static inline struct client client(const struct server *server, uint64_t badge, uint64_t limit)
{
    struct client client = {0};
    handle_t own;

    client.owner = MAKE(server->thread, SYS_session_create, server->port, badge, limit);
    own = fake_result2(server->thread);
    fake_process_new(job(), &client.process);
    client.session = fake_grant(&client.process, own, RIGHTS_SAME);
    assert_int_equal(fake_call(server->thread, SYS_handle_close, own), 0);
    fake_process_start(&client.process);
    client.thread = client.process.main;
    return client;
}

static inline struct receiver receiver(const struct server *server)
{
    struct receiver receiver = {0};

    fake_process_new(job(), &receiver.process);
    receiver.port = fake_grant(&receiver.process, server->port, RIGHTS_SAME);
    fake_process_start(&receiver.process);
    receiver.thread = receiver.process.main;
    return receiver;
}

/* Calls with one word; the call waits. */
static inline void call_begin(struct fake_thread *thread, handle_t session, uint64_t word)
{
    uint64_t words[8] = {word};

    assert_int_equal(fake_port_call(thread, session, IPC_HEADER(1, 8, 0), DEADLINE_NEVER, words),
                     FAKE_BLOCKED);
}

/* What a call that waited has come to; its first word. */
static inline int64_t call_end(struct fake_thread *thread, uint64_t *ret_word)
{
    int64_t status = fake_wait(thread);

    *ret_word = thread->registers.rbx;
    return status;
}

struct taken {
    int64_t kind;
    uint64_t badge, token, word, second;
};

/* Looks once for a call or notice, answering `token` with a word if it is not 0. */
static inline struct taken take(struct fake_thread *thread, handle_t port, uint64_t token,
                                uint64_t word)
{
    uint64_t words[8] = {word};
    int64_t kind =
        fake_reply_receive(thread, port, IPC_HEADER(0, 8, 0), DEADLINE_POLL, token, words);

    return (struct taken){kind, thread->registers.rdi, thread->registers.r10, words[0], words[1]};
}
