/* SPDX-License-Identifier: MIT */
#include <idl/names.h>
#include <quay/batch.h>
#include <quay/bootstrap.h>
#include <quay/connection.h>
#include <quay/handle.h>
#include <quay/message.h>
#include <quay/outbox.h>
#include <quay/text.h>

/* How often a call is tried at most, whatever it fails of: some of it is a new session. */
#define TRIES_MAX 8

int64_t qy_connect(struct qy_connection *connection, handle_t *ret_session, time_ns_t deadline)
{
    handle_t names = qy_bootstrap_handle(BOOTSTRAP_SESSION, "names");
    uint64_t generation = 0;
    uint32_t attempts = 0;
    int64_t status;
    if (names == HANDLE_INVALID) {
        return -ENOENT;
    }
    do { /* a session that was minted and not delivered is closed with the message */
        status = qy_names_connect(names, connection->name, ret_session, &generation, deadline);
    } while (status == -EPEER_DIED && ++attempts < QY_ATTEMPTS_MAX);
    if (status == 0) {
        __atomic_store_n(&connection->generation, generation, __ATOMIC_RELAXED);
    }
    return status > 0 ? -status : status;
}

int64_t qy_connection_open(struct qy_connection *connection, const char *name, time_ns_t deadline)
{
    handle_t session;
    *connection = (struct qy_connection){0};
    if (qy_strlcpy(connection->name, name, sizeof connection->name) >= sizeof connection->name) {
        return -EINVAL;
    }
    return qy_connection_session(connection, &session, deadline);
}

int64_t qy_connection_session(struct qy_connection *connection, handle_t *ret_session,
                              time_ns_t deadline)
{
    handle_t opened = HANDLE_INVALID;
    *ret_session = __atomic_load_n(&connection->session, __ATOMIC_ACQUIRE);
    if (*ret_session != HANDLE_INVALID) {
        return 0;
    }
    /* Without the lock: it may take long, and others have their own deadlines. */
    int64_t status = connection->open != NULL ? connection->open(connection, &opened, deadline)
                                              : qy_connect(connection, &opened, deadline);
    if (status == 0) {
        qy_mutex_lock(&connection->mutex);
        if (connection->session == HANDLE_INVALID) {
            connection->is_told = false;
            __atomic_store_n(&connection->session, opened, __ATOMIC_RELEASE);
            opened = HANDLE_INVALID;
        }
        *ret_session = connection->session;
        qy_mutex_unlock(&connection->mutex);
    }
    qy_handle_discard(opened); /* another thread was quicker, or `open` has failed */
    return status;
}

/* Closes this session, unless another thread has done that. */
static void session_drop(struct qy_connection *connection, handle_t session)
{
    qy_mutex_lock(&connection->mutex);
    bool is_ours = connection->session == session;
    if (is_ours) {
        __atomic_store_n(&connection->session, HANDLE_INVALID, __ATOMIC_RELEASE);
    }
    qy_mutex_unlock(&connection->mutex);
    if (is_ours) {
        qy_handle_discard(session);
    }
}

void qy_connection_close(struct qy_connection *connection)
{
    session_drop(connection, connection->session);
}

static bool is_closed(handle_t session)
{
    int64_t status = qy_object_wait(session, SIGNAL_PEER_CLOSED, 0);
    return status >= 0 || status == -EBADF;
}

void qy_connection_refresh(struct qy_connection *connection)
{
    handle_t session = connection->session;
    if (session != HANDLE_INVALID && is_closed(session)) {
        session_drop(connection, session);
    }
}

/* Whether no call will come through with this session. */
static bool session_is_lost(handle_t session, int64_t status)
{
    switch (-status) {
    case ESESSION_STALE:
        return true;
    case EBADF:
    case EREVOKED: /* of the session, or of a handle that was to be given */
        return qy_handle_info(session).status < 0;
    case EPEER_DIED:
        return is_closed(session);
    default:
        return false;
    }
}

/* What is to be done after a try that came to nothing. */
static bool is_to_be_repeated(struct qy_attempt *attempt)
{
    struct qy_connection *connection = attempt->connection;
    bool is_dead = attempt->status == -EPEER_DIED;
    bool is_lost = session_is_lost(attempt->session, attempt->status);
    if (!is_dead && !is_lost) {
        return false;
    }
    qy_mutex_lock(&connection->mutex);
    bool nothing_new =
        connection->open != NULL || connection->is_told || connection->session != attempt->session;
    bool repeats = attempt->repeat == QY_REPEAT_ALWAYS
                       ? !is_dead || ++attempt->deaths < QY_ATTEMPTS_MAX
                       : attempt->repeat == QY_REPEAT_UNDONE && !is_dead && nothing_new;
    if (is_dead && !repeats) {
        connection->is_told = true;
    }
    qy_mutex_unlock(&connection->mutex);
    if (is_lost) {
        session_drop(connection, attempt->session);
    }
    if (!is_dead && !repeats) {
        attempt->status = -ESESSION_STALE;
    }
    return repeats && attempt->tries < TRIES_MAX;
}

bool qy_attempt_next(struct qy_attempt *attempt)
{
    struct qy_connection *connection = attempt->connection;
    if (attempt->session != HANDLE_INVALID) {
        if (attempt->status >= 0 && __atomic_load_n(&connection->is_told, __ATOMIC_RELAXED)) {
            /* The next instance knows the session. */
            __atomic_store_n(&connection->is_told, false, __ATOMIC_RELAXED);
        }
        if (attempt->status >= 0 || !is_to_be_repeated(attempt)) {
            return false;
        }
    }
    do { /* the server may die while the session is opened */
        attempt->tries++;
        attempt->status = qy_connection_session(connection, &attempt->session, attempt->deadline);
    } while ((attempt->status == -EPEER_DIED || attempt->status == -ESESSION_STALE) &&
             attempt->tries < TRIES_MAX);
    return attempt->status == 0;
}

int64_t qy_outbox_open_on(struct qy_outbox *outbox, struct qy_connection *connection,
                          time_ns_t deadline)
{
    struct qy_attempt attempt = QY_ATTEMPT(connection, QY_REPEAT_ALWAYS, deadline);
    while (qy_attempt_next(&attempt)) {
        attempt.status = qy_outbox_open(outbox, attempt.session, deadline);
    }
    return attempt.status;
}

int64_t qy_batch_call_on(struct qy_connection *connection, struct qy_batch *batch,
                         time_ns_t deadline)
{
    struct qy_attempt attempt = QY_ATTEMPT(connection, QY_REPEAT_UNDONE, deadline);
    while (qy_attempt_next(&attempt)) { /* without an answer the batch is as it was */
        attempt.status = qy_batch_call(attempt.session, batch, deadline);
    }
    return attempt.status;
}

int64_t qy_subscribe_on(struct qy_connection *connection, handle_t *ret_events, time_ns_t deadline)
{
    struct qy_attempt attempt = QY_ATTEMPT(connection, QY_REPEAT_ALWAYS, deadline);
    while (qy_attempt_next(&attempt)) {
        attempt.status = qy_subscribe(attempt.session, ret_events, deadline);
    }
    return attempt.status;
}
