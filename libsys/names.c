/* SPDX-License-Identifier: MIT */
#include <idl/names.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/handle.h>
#include <quay/message.h>
#include <quay/names.h>
#include <quay/text.h>

#define BIND_WITHIN QY_SECOND

static handle_t names_session(void)
{
    return qy_bootstrap_handle(BOOTSTRAP_SESSION, "names");
}

int64_t qy_name_bind(const char *name, handle_t port, uint32_t badge)
{
    uint64_t generation;
    int64_t status = -ENOENT;
    if (names_session() != HANDLE_INVALID) {
        status = qy_handle_dup(port, RIGHTS_BASIC | RIGHT_MINT);
    }
    if (status >= 0) {
        status = qy_names_bind(names_session(), name, badge, (handle_t)status, &generation,
                               qy_deadline_after(BIND_WITHIN));
    }
    if (status != 0) {
        qy_log("the name %s is not bound: %s", name, qy_error_text(status));
    }
    return status > 0 ? -status : status;
}

int64_t qy_connection_open(struct qy_connection *connection, const char *name, time_ns_t deadline)
{
    *connection = (struct qy_connection){0};
    if (qy_strlcpy(connection->name, name, sizeof connection->name) >= sizeof connection->name) {
        return -EINVAL;
    }
    if (names_session() == HANDLE_INVALID) {
        return -ENOENT;
    }
    int64_t status;
    uint32_t attempts = 0;
    do { /* a session that was minted and not delivered is closed with the message */
        status = qy_names_connect(names_session(), connection->name, &connection->session,
                                  &connection->generation, deadline);
    } while (status == -EPEER_DIED && ++attempts < QY_ATTEMPTS_MAX);
    return status > 0 ? -status : status;
}

void qy_connection_close(struct qy_connection *connection)
{
    qy_handle_discard(connection->session);
    connection->session = HANDLE_INVALID;
}

bool qy_connection_renew(struct qy_connection *connection, int64_t status, time_ns_t deadline)
{
    bool is_stale = status == -ESESSION_STALE || status == -EREVOKED;
    bool is_closed =
        status == -EPEER_DIED && qy_object_wait(connection->session, SIGNAL_PEER_CLOSED, 0) >= 0;
    if (!is_stale && !is_closed) {
        return false;
    }
    struct qy_connection renewed;
    if (qy_connection_open(&renewed, connection->name, deadline) != 0) {
        return false;
    }
    qy_connection_close(connection);
    *connection = renewed;
    return is_stale;
}
