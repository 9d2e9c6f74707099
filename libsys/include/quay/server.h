/* SPDX-License-Identifier: MIT */
/*
 * The loop of a server: one port, one wait, calls and notices one after the other.
 *
 * What a call means is generated from an interface (include/idl): the dispatch function checks it,
 * runs its handler and makes the answer. A call that does not fit is answered with EBAD_MESSAGE
 * (ENO_METHOD: there is no such method), and handles that nobody took are closed. Every call is
 * answered exactly once: when its handler returns, or later if it returned qy_defer().
 */
#pragma once

#include <quay/message.h>
#include <quay/port.h>
#include <quay/statistics.h>
#include <quay/thread.h>

/* A call between two receives, as a handler sees it. */
struct qy_request {
    struct qy_received in; /* badge, sender_job; the message becomes the answer */
    struct qy_server *server;
    const void *handlers; /* the server's; a dispatch function of several protocols sets it */
    uint64_t begun;       /* when it came; 0: nothing is counted */
    uint32_t method;      /* then */
};

/* Who gets the events of a server. */
struct qy_subscriber {
    handle_t sender; /* HANDLE_INVALID: the place is free */
    uint64_t lost;   /* events that did not fit, not told yet */
};

/* Makes the call its answer and returns 0; or what to answer instead (qy_request_fail). */
typedef int64_t qy_dispatch_fn(struct qy_request *request);

/* Where one-way calls of a session come in that do not wait (<quay/outbox.h>). */
struct qy_inbox {
    handle_t receiver; /* HANDLE_INVALID: the place is free */
    uint64_t badge;
    koid_t sender_job;
    const void *handlers;
    qy_dispatch_fn *dispatch; /* of one-way methods only */
    bool is_behind;           /* there may be more in it, of which nothing is told */
};

/* The keys of notices with the highest bit are libsys's: timers, and inboxes from here on. */
#define QY_KEY_INBOX 0xffffffff00000000ul

/* A time at which the loop calls a function; all zero but for that: not set. It stays as long as
 * the server, and is of one instance: no timer lies in memory that survives. */
struct qy_server_timer {
    void (*fired)(struct qy_server *server, struct qy_server_timer *timer);
    void *context; /* for `fired` */

    /* libsys's */
    handle_t handle;
    time_ns_t deadline;
    uint64_t period_ns;
};

struct qy_server {
    handle_t port;
    void *context;
    qy_dispatch_fn *dispatch; /* qy_NAME_dispatch */
    const void *handlers;     /* struct qy_NAME_handlers */

    /* Room for subscribers of its events, all zero; none: nobody can subscribe. */
    struct qy_subscriber *subscribers;
    uint32_t subscriber_max;

    /* Room for inboxes, all zero; none: one-way calls are made by waiting only. */
    struct qy_inbox *inboxes;
    uint32_t inbox_max;

    /* Room to count so many methods, all zero; none: nothing is counted (<quay/statistics.h>). */
    struct qy_method_statistics *statistics;
    uint32_t statistics_max;

    /* Room for what is kept for each session, all zero: session_max times QY_SESSION_BYTES of
     * session_bytes. See qy_session_state. */
    void *sessions;
    uint32_t session_bytes, session_max;

    /* For qy_server_main: the low half of the badges (0: QY_BADGE_DEFAULT), and how many threads
     * serve (0: one). With several, handlers run at the same time, also two of one session, and
     * lock what they share. */
    uint32_t badge;
    uint32_t thread_count;

    struct qy_mutex mutex; /* of subscribers, inboxes, timers, and whose places in `sessions` are */
    uint32_t deferred;     /* calls that are put off and not answered yet */
    bool is_stopping;      /* when every call is answered */
    bool is_ended;         /* at once */
    bool is_behind;        /* an inbox is */

    /* A notice that is not about a session; may be NULL. */
    void (*notice)(struct qy_server *server, uint64_t key, uint64_t signals);
    /* The last handle of the session with this badge is gone; may be NULL. */
    void (*session_closed)(struct qy_server *server, uint64_t badge);
    /* The caller that this token belonged to has gone: qy_pending_cancel those that it may be of;
     * may be NULL, then the token is dropped. */
    void (*cancelled)(struct qy_server *server, uint64_t token);
    /* The caller was interrupted and wants the call to end, but waits for an answer that says how
     * much was done: answer what was put off, or qy_pending_cancel it if nothing was. May be NULL:
     * then it waits until its grace is over. */
    void (*cancel_requested)(struct qy_server *server, uint64_t token);
};

/* What makes the answers of this server. */
static inline qy_dispatch_fn *qy_server_dispatch(const struct qy_server *server)
{
    return server->statistics_max > 0 ? qy_statistics_dispatch : server->dispatch;
}

/* Serves until it is stopped, and returns 0; or until receiving fails for good, and returns why.
 * Several threads may do it for one server. */
int64_t qy_server_run(struct qy_server *server);

/* What init sends to the port of a server (qy_port_notify, with key 0) that shall end: its loop
 * returns 0 in all threads, and callers whose answer was put off learn that it has ended. What
 * shall be written to a disk is written behind the loop. */
#define QY_NOTICE_END (1u << 27)

/* Ends qy_server_run, in all threads, once every call that was received is answered. Who calls
 * later waits for the next instance, or gets EPEER_DIED if nobody else has the port. */
void qy_server_stop(struct qy_server *server);

/* --- timers -------------------------------------------------------------------------------- */

/* Sets it, whether it was set or not: `fired` is called at the deadline, and every period_ns after
 * if that is not 0; once for all periods that were missed. DEADLINE_NEVER stops it. 0, or a
 * negative error number: the first time it takes memory. */
int64_t qy_server_timer_set(struct qy_server *server, struct qy_server_timer *timer,
                            time_ns_t deadline, uint64_t period_ns);

/* --- sessions ------------------------------------------------------------------------------ */

/* What one session takes in server->sessions. */
#define QY_SESSION_BYTES(state_bytes) (8 + (((state_bytes) + 7ul) & ~7ul))

/* What is kept for the session with this badge: zeroed at its first call, and freed when the last
 * handle of the session is gone, after server->session_closed. NULL: there is no room. Whoever was
 * given a session by name has a badge of his own. */
void *qy_session_state(struct qy_server *server, uint64_t badge);

/* --- in a handler -------------------------------------------------------------------------- */

/* Puts the answer off: `return qy_defer(request, &pending);`. */
int64_t qy_defer(struct qy_request *request, struct qy_pending *ret_pending);

/* Keeps a handle that came with the call. */
static inline handle_t qy_take(handle_t *handle)
{
    handle_t taken = *handle;
    *handle = HANDLE_INVALID;
    return taken;
}

/* Copies from and to memory that was lent with the call: 0, or why not all was (qy_lease_read). A
 * handler that has changed nothing yet returns `-status`; upon -EPAGER the client calls again. */
static inline int64_t qy_lease_get(const struct qy_lease *lease, uint64_t offset, void *to,
                                   uint64_t size)
{
    return qy_lease_read(lease->port, lease->token, lease->index, offset, to, size);
}

static inline int64_t qy_lease_put(const struct qy_lease *lease, uint64_t offset, const void *from,
                                   uint64_t size)
{
    return qy_lease_write(lease->port, lease->token, lease->index, offset, from, size);
}

/* --- deferred calls ------------------------------------------------------------------------ */

static inline bool qy_is_pending(const struct qy_pending *pending)
{
    return pending->token != 0;
}

/* Whether it is the call of this token. */
static inline bool qy_pending_is(const struct qy_pending *pending, uint64_t token)
{
    return token != 0 && pending->token == token;
}

/* Answers with an error of the protocol. Fails with -ETOKEN_STALE if the caller has gone. */
int64_t qy_pending_refuse(struct qy_server *server, struct qy_pending *pending, uint32_t error);

/* If this is the token's call, drops it and returns true. */
bool qy_pending_cancel(struct qy_server *server, struct qy_pending *pending, uint64_t token);

/* --- for generated code -------------------------------------------------------------------- */

/* The answer is an error, or put off. */
void qy_request_fail(struct qy_request *request, int64_t status);

/* For a call whose handler did not run: closes its handles and returns the error. */
int64_t qy_request_refuse(const struct qy_request *request, uint32_t error);

/* The lease of a call, if it was lent in this direction. */
bool qy_request_lease(const struct qy_request *request, uint32_t index, uint32_t flags,
                      struct qy_lease *ret_lease);

/* Answers a one-way call, before it is worked on. */
void qy_request_acknowledge(struct qy_request *request);

/* A method that is none of the protocol's: tells what these are, or refuses. */
int64_t qy_request_describe(struct qy_request *request,
                            const struct qy_described_head *description);

/* Answers with a handle, which is gone in any case. */
int64_t qy_handle_answer(struct qy_request *request, handle_t handle);

/* The method QY_METHOD_INBOX; `dispatch` serves what may come that way. */
int64_t qy_inbox_open_serve(struct qy_request *request, uint32_t bytes_max, uint32_t handle_max,
                            qy_dispatch_fn *dispatch);

/* Calls the function of a timer, if the key is one's. */
bool qy_server_timer_notice(struct qy_server *server, uint64_t key);

/* Serves what has come, if the key is an inbox's; goes on with those that are behind, when nobody
 * waits; ends those of a session. */
bool qy_inbox_notice(struct qy_server *server, uint64_t key);
void qy_inboxes_resume(struct qy_server *server);
void qy_inboxes_end(struct qy_server *server, uint64_t badge);

/* The method behind qy_NAME_subscribe, and events to all subscribers. */
int64_t qy_subscribe_serve(struct qy_request *request, uint32_t bytes_max);
void qy_event_send(struct qy_server *server, const struct qy_message *message);

/* Answers a deferred call with this message. Answering twice ends the program. */
int64_t qy_pending_answer(struct qy_server *server, struct qy_pending *pending,
                          const struct qy_message *message);

/* Closes the handles that came with the message just received. */
void qy_received_handles_close(uint32_t count);
