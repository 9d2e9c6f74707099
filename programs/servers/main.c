/* SPDX-License-Identifier: MIT */
/* servers: what init keeps running. */
#include <idl/servers.h>
#include <quay/clock.h>
#include <quay/connection.h>
#include <quay/files.h>

#define ANSWER_WITHIN (5 * QY_SECOND)

static struct qy_connection servers = QY_CONNECTION("servers");

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

static int list(void)
{
    struct qy_servers_record server;
    uint32_t index = 0;
    int64_t status;
    while ((status = qy_servers_get_on(&servers, index, &server,
                                       qy_deadline_after(ANSWER_WITHIN))) == 0) {
        if (index == 0) {
            qy_printf("server           serves           state    restarts     id\n");
        }
        qy_printf("%-16s %-16s %-8s %8u %6lu\n", server.name,
                  server.serves[0] != 0 ? server.serves : "-", state_text(server.state),
                  server.restarts, server.id);
        index++;
    }
    return status == QY_SERVERS_FAILURE_NO_SUCH_SERVER
               ? 0
               : qy_files_report("init does not answer: %s", qy_error_text(status));
}

static int outcome(const char *name, int64_t status)
{
    switch (status) {
    case 0:
        return 0;
    case QY_SERVERS_FAILURE_NO_SUCH_SERVER:
    case -EMSGSIZE: /* longer than any server's name */
        return qy_files_report("%.40s: no such server; servers lists those there are", name);
    case QY_SERVERS_FAILURE_NOT_RUNNING:
        return qy_files_report("%.40s: it does not run", name);
    case QY_SERVERS_FAILURE_RUNNING:
        return qy_files_report("%.40s: it runs", name);
    case QY_SERVERS_FAILURE_NO_ACCESS:
        return qy_files_report("%.40s: this session may look at servers only", name);
    default:
        return qy_files_report("%.40s: %s", name, qy_error_text(status));
    }
}

int main(int argument_count, char **arguments)
{
    qy_files_output();
    if (argument_count == 1) {
        return list();
    }
    if (argument_count == 3 && qy_streq(arguments[1], "kill")) {
        return outcome(arguments[2], qy_servers_kill_on(&servers, arguments[2],
                                                        qy_deadline_after(ANSWER_WITHIN)));
    }
    if (argument_count == 3 && qy_streq(arguments[1], "start")) {
        return outcome(arguments[2], qy_servers_start_on(&servers, arguments[2],
                                                         qy_deadline_after(ANSWER_WITHIN)));
    }
    qy_printf(
        "usage: servers\n       servers kill NAME\n       servers start NAME\n\n"
        "Lists the servers, their states and how often each was started again.\n\n"
        "  kill   ends one; init starts another\n  start  starts one that is stopped, or waits\n");
    return argument_count == 2 && qy_streq(arguments[1], "--help") ? 0 : 1;
}
