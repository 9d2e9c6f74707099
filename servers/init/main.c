/* SPDX-License-Identifier: MIT */
/*
 * init: starts the servers of the manifest, each with what is granted to it there, and starts them
 * again when they die; tells what they do, and stops them before the machine is switched off.
 */
#include "boot_archive.h"
#include "services.h"
#include <quay/bootstrap.h>
#include <quay/server.h>
#include <quay/text.h>

#define TOKENS 8

/* The badge says which protocol the session is for. */
static int64_t dispatch(struct qy_request *request)
{
    if (BADGE_PROTOCOL(request->in.badge) == PROTOCOL_MANIFEST) {
        request->handlers = &manifest_handlers;
        return qy_manifest_dispatch(request);
    }
    request->handlers = &services_handlers;
    return qy_servers_dispatch(request);
}

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)signals;
    services_notice(server, key);
}

int main(int argument_count, char **arguments)
{
    if (boot_archive_open() < 0) {
        return 1;
    }
    int64_t port = qy_port_create(qy_self_job(), TOKENS);
    if (port < 0) {
        qy_log("no port: %s", qy_error_text(port));
        return 1;
    }
    struct qy_server server = {
        .port = (handle_t)port,
        .dispatch = dispatch,
        .notice = notice,
        .cancelled = services_cancelled,
    };
    if (services_start(&server, argument_count > 1 ? arguments[1] : "") < 0) {
        return 1;
    }
    int64_t error = qy_server_run(&server);
    qy_log("receiving failed: %s", qy_error_text(error));
    return 1;
}
