/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "sessions.h"
#include <idl/servers.h>
#include <quay/clock.h>
#include <quay/text.h>
#include <quay/thread.h>

/* What happens next shall be seen before the next prompt. */
#define MOMENT (200 * QY_MILLISECOND)

static handle_t servers_session(void)
{
    return session_handle("servers");
}

static const char *state_text(qy_servers_state_t state)
{
    switch (state) {
    case QY_SERVERS_STATE_RUNNING:
        return "running";
    case QY_SERVERS_STATE_WAITING:
        return "waiting";
    default:
        return "stopped";
    }
}

void cmd_servers(int count, char **words)
{
    (void)count;
    (void)words;
    qy_printf("server           serves           state    restarts     id\n");
    struct qy_servers_record server;
    uint32_t index = 0;
    int64_t status;
    while ((status = qy_servers_get(servers_session(), index, &server, DEADLINE_NEVER)) == 0) {
        qy_printf("%-16s %-16s %-8s %8u %6lu\n", server.name,
                  server.serves[0] != 0 ? server.serves : "-", state_text(server.state),
                  server.restarts, server.id);
        index++;
    }
    if (status != QY_SERVERS_FAILURE_NO_SUCH_SERVER) {
        qy_printf("init does not answer: %s\n", qy_error_text(status));
    }
}

static void outcome_print(const char *name, int64_t status)
{
    switch (status) {
    case 0:
        break;
    case QY_SERVERS_FAILURE_NO_SUCH_SERVER:
        qy_printf("%.40s: no such server; servers lists those there are\n", name);
        break;
    case QY_SERVERS_FAILURE_NOT_RUNNING:
        qy_printf("%.40s: it does not run\n", name);
        break;
    case QY_SERVERS_FAILURE_RUNNING:
        qy_printf("%.40s: it runs\n", name);
        break;
    case -EMSGSIZE: /* longer than any server's name */
        qy_printf("%.40s: no such server; servers lists those there are\n", name);
        break;
    default:
        qy_printf("%.40s: %s\n", name, qy_error_text(status));
    }
}

void server_kill(const char *name)
{
    int64_t status = qy_servers_kill(servers_session(), name, DEADLINE_NEVER);
    outcome_print(name, status);
    if (status == 0) {
        (void)qy_thread_sleep(qy_deadline_after(MOMENT)); /* it only sleeps */
    }
}

void cmd_start(int count, char **words)
{
    (void)count;
    outcome_print(words[1], qy_servers_start(servers_session(), words[1], DEADLINE_NEVER));
}
