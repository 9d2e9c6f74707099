/* SPDX-License-Identifier: MIT */
#include "sessions.h"
#include <idl/names.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
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
static int64_t open(struct qy_connection *connection, const char *name)
{
    if (!is_given(name)) {
        return qy_connection_open(connection, name, qy_deadline_after(CONNECT_WITHIN));
    }
    int64_t made = qy_handle_dup(qy_bootstrap_handle(BOOTSTRAP_SESSION, name), RIGHTS_SAME);
    if (made < 0) {
        return made;
    }
    *connection = (struct qy_connection){.session = (handle_t)made};
    (void)qy_strlcpy(connection->name, name, sizeof connection->name); /* as long */
    return 0;
}

struct qy_connection *session_open(const char *name)
{
    for (uint32_t i = 0; i < sessions_state.count; i++) {
        struct qy_connection *connection = &sessions_state.sessions[i];
        if (qy_streq(connection->name, name)) {
            /* If its port is closed, perhaps there is another one by now. */
            qy_connection_refresh(connection, qy_deadline_after(CONNECT_WITHIN));
            return connection;
        }
    }
    if (sessions_state.count == SESSIONS_MAX) {
        qy_printf("%.40s: sessions of %d servers are open already\n", name, SESSIONS_MAX);
        return NULL;
    }
    struct qy_connection *connection = &sessions_state.sessions[sessions_state.count];
    int64_t status = open(connection, name);
    if (status == -ETIMEDOUT || status == -EINVAL) {
        qy_printf("%.40s: no such server; call lists those there are\n", name);
        return NULL;
    }
    if (status != 0) {
        qy_printf("%.40s: no session: %s\n", name, qy_error_text(status));
        return NULL;
    }
    sessions_state.count++;
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
