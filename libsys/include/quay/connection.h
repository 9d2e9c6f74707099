/* SPDX-License-Identifier: MIT */
/*
 * A session that is opened by its name, and opened again by itself when it is of no use any more:
 * the server was restarted and does not know it, or its port is closed.
 *
 *     static struct qy_connection counter = QY_CONNECTION("counter");
 *
 *     status = qy_counter_read_on(&counter, &value, deadline);
 *
 * Every generated function has such a form, which may be used by several threads at once. Its
 * deadline is that of everything: waiting for the server to be there, and every repetition.
 *
 *     what has happened                      what the call comes to
 *     not open yet                           opened first
 *     server died with the call in hand      @idempotent: repeated; else -EPEER_DIED: nobody knows
 *                                            whether it was carried out
 *     session is stale: not carried out      @idempotent, or `open` was given: opened and repeated;
 *                                            else -ESESSION_STALE: what the session knew is gone
 *
 * An error is told once: the next call opens a session, and what was found to be stale after an
 * -EPEER_DIED is that same death, and is not told again. Who has got handles from the caller is not
 * called twice, because they are gone. Nothing is repeated without end, so -EPEER_DIED and
 * -ESESSION_STALE come also when a server dies of the call again and again.
 */
#pragma once

#include <quay/protocol.h>
#include <quay/thread.h>

#define QY_NAME_MAX 15 /* bytes */

struct qy_connection {
    char name[QY_NAME_MAX + 1];

    /* How a session comes to be that can do what the last one could: ends with qy_connect and what
     * is to be told the server, or gets one from elsewhere. 0 and *ret_session, or the negative of
     * an error number. NULL: qy_connect, and what the last one had is gone. May be qy_connect
     * itself, which says that sessions of this server have no state. */
    int64_t (*open)(struct qy_connection *connection, handle_t *ret_session, time_ns_t deadline);
    void *context; /* for `open` */

    handle_t session;    /* atomic; HANDLE_INVALID: not open */
    uint64_t generation; /* of the name when it was opened */
    bool is_told;        /* of the death of a server that this session has outlived */
    struct qy_mutex mutex;
};

#define QY_CONNECTION(text)                                                                        \
    {                                                                                              \
        .name = text                                                                               \
    }

QY_C_BEGIN

/* Makes one, and waits until there is a server of this name: 0, or a negative error number, after
 * which the connection may be used all the same. -EINVAL: no such name. */
int64_t qy_connection_open(struct qy_connection *connection, const char *name, time_ns_t deadline);

/* Closes the session; a call would open another one. */
void qy_connection_close(struct qy_connection *connection);

/* Closes it if its port is closed, so that the next call need not fail to find it out. */
void qy_connection_refresh(struct qy_connection *connection);

/* The session, which is opened if there is none. It may be closed as soon as another thread finds
 * it to be of no use. */
int64_t qy_connection_session(struct qy_connection *connection, handle_t *ret_session,
                              time_ns_t deadline);

/* A new session from the name service, which may have to wait for the server. */
int64_t qy_connect(struct qy_connection *connection, handle_t *ret_session, time_ns_t deadline);

/* --- for generated code, and for calls that belong together --------------------------------- */

/* May a call be repeated: not at all, because it gives handles away; if it was surely not carried
 * out, and nothing is lost with the session; or in any case. */
enum qy_repeat {
    QY_REPEAT_NEVER,
    QY_REPEAT_UNDONE,
    QY_REPEAT_ALWAYS
};

/*
 *     struct qy_attempt attempt = QY_ATTEMPT(&connection, QY_REPEAT_UNDONE, deadline);
 *     while (qy_attempt_next(&attempt)) {
 *         attempt.status = ... call of attempt.session ...
 *     }
 *     return attempt.status;
 */
struct qy_attempt {
    struct qy_connection *connection;
    time_ns_t deadline;
    handle_t session; /* HANDLE_INVALID: never called */
    int64_t status;
    uint8_t repeat;        /* enum qy_repeat */
    uint8_t tries, deaths; /* so far */
};

#define QY_ATTEMPT(connection_, repeat_, deadline_)                                                \
    {                                                                                              \
        .connection = (connection_), .deadline = (deadline_), .repeat = (repeat_)                  \
    }

bool qy_attempt_next(struct qy_attempt *attempt);

QY_C_END
