/* SPDX-License-Identifier: MIT */
#include "command.h"
#include <idl/names.h>
#include <quay/bootstrap.h>
#include <quay/clock.h>
#include <quay/names.h>
#include <quay/text.h>

#define CONNECTIONS_MAX 8
#define CONNECT_WITHIN  (2 * QY_SECOND)

static struct {
    struct qy_connection connections[CONNECTIONS_MAX];
    uint32_t count;
} names_state;

handle_t command_session(const char *name)
{
    handle_t names = qy_bootstrap_handle(BOOTSTRAP_SESSION, "names");
    if (qy_streq(name, "names")) {
        return names; /* it is not among those it knows */
    }
    for (uint32_t i = 0; i < names_state.count; i++) {
        if (qy_streq(names_state.connections[i].name, name)) {
            return names_state.connections[i].session;
        }
    }
    if (names_state.count == CONNECTIONS_MAX) {
        qy_printf("%.40s: sessions of %d servers are open already\n", name, CONNECTIONS_MAX);
        return HANDLE_INVALID;
    }
    struct qy_connection *connection = &names_state.connections[names_state.count];
    int64_t status = qy_connection_open(connection, name, qy_deadline_after(CONNECT_WITHIN));
    if (status != 0) {
        qy_printf("%.40s: no session: %s\n", name, qy_error_text(status));
        return HANDLE_INVALID;
    }
    names_state.count++;
    return connection->session;
}

void cmd_names(int count, char **words)
{
    (void)count;
    (void)words;
    handle_t names = qy_bootstrap_handle(BOOTSTRAP_SESSION, "names");
    struct qy_names_entry entry;
    uint32_t index = 0;
    int64_t status;
    qy_printf("name             times bound\n");
    while ((status = qy_names_get(names, index, &entry, DEADLINE_NEVER)) == 0) {
        qy_printf("%-16s %11lu%s\n", entry.name, entry.generation,
                  entry.is_bound ? "" : "  (nobody is there)");
        index++;
    }
    if (status != QY_NAMES_FAILURE_NO_SUCH_INDEX) {
        qy_printf("the name service does not answer: %s\n", qy_error_text(status));
    }
}
