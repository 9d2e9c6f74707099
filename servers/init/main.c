/* SPDX-License-Identifier: MIT */
/*
 * init: starts the servers and starts them again when they die; answers power calls and calls
 * about the servers.
 *
 *   monitor --serial---> ns16550        monitor --counter--> counter
 *      `------power, servers---> init
 */
#include "boot_archive.h"
#include "power.h"
#include "services.h"
#include <quay/bootstrap.h>
#include <quay/server.h>
#include <quay/text.h>

#define TOKENS 8

/* The badge says which protocol the session is for. */
static int64_t dispatch(struct qy_request *request)
{
    if (request->in.badge == BADGE_POWER) {
        request->handlers = &power_handlers;
        return qy_power_dispatch(request);
    }
    request->handlers = &services_handlers;
    return qy_servers_dispatch(request);
}

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)server;
    (void)signals;
    services_notice(key);
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    if (boot_archive_open() < 0) {
        return 1;
    }
    power_init();
    int64_t port = qy_port_create(qy_self_job(), TOKENS);
    if (port < 0) {
        qy_log("no port: %s", qy_error_text(port));
        return 1;
    }
    struct qy_server server = {
        .port = (handle_t)port,
        .dispatch = dispatch,
        .notice = notice,
    };
    services_start(server.port);
    int64_t error = qy_server_run(&server);
    qy_log("receiving failed: %s", qy_error_text(error));
    return 1;
}
