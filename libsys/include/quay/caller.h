/* SPDX-License-Identifier: MIT */
/*
 * Calls made by other threads, so that this one goes on: callback clients.
 *
 *     static void read_done(struct qy_call *call) { ... ((struct qy_counter_read_call
 * *)call)->ret_value ... }
 *
 *     struct qy_counter_read_call call = {
 *         .call = {.session = session, .deadline = DEADLINE_NEVER, .done = read_done}};
 *     qy_counter_read_start(&caller, &call);
 *
 *   submitted --> a caller's thread makes the call --> done()          (no port was given)
 *                                                  \-> notice on the port, qy_caller_deliver,
 * done()
 *
 * The structure, and what it points to, must stay until `done` was called; it may be started again
 * from there. A caller makes as many calls at a time as it has threads; a call that waits in a
 * server holds one.
 */
#pragma once

#include <quay/protocol.h>
#include <quay/thread.h>

#define QY_CALLER_THREADS_MAX 16

/* What every generated struct qy_NAME_METHOD_call begins with. */
struct qy_call {
    handle_t session;
    struct qy_connection *connection; /* in place of the session; or NULL */
    time_ns_t deadline;
    void (*done)(struct qy_call *call); /* may be NULL */
    void *context;                      /* for `done` */
    int64_t status;                     /* what the client's function returned */

    /* For the caller. */
    void (*make)(struct qy_call *call);
    struct qy_call *next;
};

/* All zero, then qy_caller_start. */
struct qy_caller {
    struct qy_mutex mutex;
    struct qy_condition changed;
    struct qy_call *first, *last;           /* to be made */
    struct qy_call *made_first, *made_last; /* to be delivered */
    uint32_t unfinished;                    /* submitted, and `done` has not returned */
    bool is_ending;
    handle_t port;
    uint64_t bits;
    uint32_t thread_count;
    struct qy_thread *threads[QY_CALLER_THREADS_MAX];
};

QY_C_BEGIN

/* Starts its threads. With a port (else HANDLE_INVALID), which needs NOTIFY, `done` runs where
 * qy_caller_deliver is called, upon a notice with these bits; without one in the caller's threads.
 * 0, or a negative error number. */
int64_t qy_caller_start(struct qy_caller *caller, uint32_t thread_count, handle_t port,
                        uint64_t bits);

/* For generated code: has the call made as soon as a thread is free. */
void qy_caller_submit(struct qy_caller *caller, struct qy_call *call);

/* Calls `done` of what was made meanwhile. */
void qy_caller_deliver(struct qy_caller *caller);

/* Waits until all that was submitted is done. 0 or -ETIMEDOUT. With a port somebody else delivers.
 */
int qy_caller_wait(struct qy_caller *caller, time_ns_t deadline);

/* The same, and ends the threads. What was not delivered is delivered here. */
void qy_caller_end(struct qy_caller *caller);

QY_C_END
