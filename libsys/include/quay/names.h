/* SPDX-License-Identifier: MIT */
/*
 * The name service, from both sides. Whoever started this program gave it a session of it, or did
 * not; then these fail with -ENOENT.
 */
#pragma once

#include <stdbool.h>
#include <quay/protocol.h>

#define QY_NAME_MAX 15 /* bytes */

/* Of servers that give everybody the same. */
#define QY_BADGE_DEFAULT 1

/* --- a server ------------------------------------------------------------------------------ */

/* Says that this server is there now: whoever connects to the name gets a session of `port`, with
 * this as the low half of its badge, and a number of its own as the upper half. Waits for the name
 * service, but not for long. 0, or a negative error number that was said on the log; a server goes
 * on without. */
int64_t qy_name_bind(const char *name, handle_t port, uint32_t badge);

/* All that most servers do after their start: serves under this name, at the port that they were
 * given or else at one of their own, with QY_BADGE_DEFAULT unless server->badge says otherwise.
 * Returns when it is over: what main returns, said on the log unless it was asked for
 * (qy_server_stop). */
struct qy_server;
int qy_server_main(struct qy_server *server, const char *name);

/* --- a client ------------------------------------------------------------------------------ */

/* A session that is opened by its name, and opened anew when the server does not know it any more.
 *
 *     do {
 *         status = qy_counter_read(connection.session, &value, deadline);
 *     } while (qy_connection_renew(&connection, status, deadline));
 */
struct qy_connection {
    char name[QY_NAME_MAX + 1];
    handle_t session; /* HANDLE_INVALID: not open */
    uint64_t generation;
};

/* Waits until there is a server of this name: 0, or a negative error number. */
int64_t qy_connection_open(struct qy_connection *connection, const char *name, time_ns_t deadline);
void qy_connection_close(struct qy_connection *connection);

/* After a call came to `status`: whether it was not even looked at because of the session, which is
 * a new one now, so that it can be repeated. State that the old session had is gone. After
 * -EPEER_DIED nobody knows whether the call was carried out; it is not repeated here (methods that
 * are @idempotent do it themselves), but the next one finds a session that works. */
bool qy_connection_renew(struct qy_connection *connection, int64_t status, time_ns_t deadline);

/* The same before a call: a session of a port that is closed becomes a new one, if there is one. */
static inline void qy_connection_refresh(struct qy_connection *connection, time_ns_t deadline)
{
    (void)qy_connection_renew(connection, -EPEER_DIED, deadline); /* nothing is to be repeated */
}
