/* SPDX-License-Identifier: MIT */
/*
 * The loop of a server: one port, one wait, calls and notices one after the other.
 *
 * A protocol is a table of methods, each with the payload it accepts. A call is checked against the
 * table before its handler runs; what does not fit is answered with -EINVAL (-ENOSYS: no such
 * method), and handles that nobody asked for are closed. Every call is answered exactly once: by
 * the value the handler returns, or later with qy_request_answer if it returned QY_DEFER.
 *
 * Answers begin with a status word: words[0] = 0 or the negative of an error number, then
 * whatever the method answers. qy_call on the client's side knows that.
 */
#pragma once

#include <quay/port.h>

#define QY_DEFER 1 /* a handler's result: the answer comes later */

struct qy_request {
    uint64_t badge;
    koid_t sender_job;
    uint64_t token;
    uint32_t method;
    uint32_t length_bytes;  /* of the payload, already checked */
    const uint8_t *payload; /* valid until the handler returns */

    /* The answer: words after the status, and how many bytes of them are meant. */
    uint64_t answer[IPC_REGISTER_WORDS - 1];
    uint32_t answer_bytes;
};

struct qy_server;

struct qy_method {
    uint32_t ordinal;
    uint32_t length_min, length_max; /* of the payload in bytes */
    int64_t (*handler)(struct qy_server *server, struct qy_request *request);
};

struct qy_server {
    handle_t port;
    void *context;
    uint32_t method_count;
    const struct qy_method *methods;

    /* A notice that is not about a session; may be NULL. */
    void (*notice)(struct qy_server *server, uint64_t key, uint64_t signals);
    /* The last handle of the session with this badge is gone; may be NULL. */
    void (*session_closed)(struct qy_server *server, uint64_t badge);
    /* The caller that this token belonged to has gone: forget the token; may be NULL. */
    void (*cancelled)(struct qy_server *server, uint64_t token);
};

/* Serves until receiving fails for good, and returns why. */
int64_t qy_server_run(struct qy_server *server);

/* Answers a deferred call. */
int64_t qy_request_answer(struct qy_server *server, uint64_t token, int64_t status,
                          const void *bytes, uint32_t length);

/* The client's side: a call with a payload of up to 64 bytes, and an answer of up to `answer_max`
 * bytes after the status. Returns the transport's error or the server's status. */
int64_t qy_call(handle_t session, uint32_t method, const void *payload, uint32_t length,
                void *answer, uint32_t answer_max, time_ns_t deadline);

/* Like qy_call with a payload of up to IPC_PAYLOAD_MAX bytes, through the message buffer. */
int64_t qy_call_long(handle_t session, uint32_t method, const void *payload, uint32_t length,
                     void *answer, uint32_t answer_max, time_ns_t deadline);

/* Closes the handles that came with the message just received. */
void qy_received_handles_close(uint32_t count);
