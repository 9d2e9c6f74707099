/* SPDX-License-Identifier: MIT */
#include "sessions.h"
#include <idl/names.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/files.h>
#include <quay/handle.h>
#include <quay/text.h>

#define SESSIONS_MAX   16
#define CONNECT_WITHIN (2 * QY_SECOND)

static struct {
    struct qy_connection sessions[SESSIONS_MAX];
    uint32_t count;
} sessions_state;

static bool is_given(const char *name)
{
    return qy_bootstrap_handle(BOOTSTRAP_SESSION, name) != HANDLE_INVALID;
}

/* Of what we were given a duplicate: others use it too. */
static int64_t open(struct qy_connection *connection)
{
    handle_t session;
    if (connection->session == HANDLE_INVALID && is_given(connection->name)) {
        int64_t made =
            qy_handle_dup(qy_bootstrap_handle(BOOTSTRAP_SESSION, connection->name), RIGHTS_SAME);
        connection->session = made > 0 ? (handle_t)made : HANDLE_INVALID;
    }
    qy_connection_refresh(connection); /* if its port is closed, perhaps there is another one */
    return qy_connection_session(connection, &session, qy_deadline_after(CONNECT_WITHIN));
}

struct qy_connection *session_open(const char *name)
{
    uint32_t at = 0;
    while (at < sessions_state.count && !qy_streq(sessions_state.sessions[at].name, name)) {
        at++;
    }
    if (at == SESSIONS_MAX) {
        (void)qy_files_report("%.40s: sessions of %d servers are open already", name, SESSIONS_MAX);
        return NULL;
    }
    struct qy_connection *connection = &sessions_state.sessions[at];
    bool is_name = qy_strlcpy(connection->name, name, sizeof connection->name) <= QY_NAME_MAX;
    int64_t status = is_name ? open(connection) : -EINVAL;
    if (status == -ETIMEDOUT || status == -EINVAL) {
        (void)qy_files_report("%.40s: no such server; call lists those there are", name);
        return NULL;
    }
    if (status != 0) {
        (void)qy_files_report("%.40s: no session: %s", name, qy_error_text(status));
        return NULL;
    }
    sessions_state.count += at == sessions_state.count;
    return connection;
}

handle_t session_handle(const char *name)
{
    struct qy_connection *connection = session_open(name);
    return connection != NULL ? connection->session : HANDLE_INVALID;
}

bool session_name(uint32_t index, char ret_name[16])
{
    const struct bootstrap_handle *handle;
    for (uint32_t i = 0; (handle = qy_bootstrap_at(i)) != NULL; i++) {
        if (handle->kind == BOOTSTRAP_SESSION && index-- == 0) {
            (void)qy_strlcpy(ret_name, handle->name, 16); /* servers' names are not longer */
            return true;
        }
    }
    struct qy_names_entry entry;
    if (qy_names_get(qy_bootstrap_handle(BOOTSTRAP_SESSION, "names"), index, &entry,
                     qy_deadline_after(CONNECT_WITHIN)) != 0) {
        return false;
    }
    bool is_shown = entry.is_bound && !is_given(entry.name);
    (void)qy_strlcpy(ret_name, is_shown ? entry.name : "", 16); /* as long */
    return true;
}
