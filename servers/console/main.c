/* SPDX-License-Identifier: MIT */
#include "console.h"
#include "handlers.h"
#include <idl/device.h>
#include <quay/bootstrap.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/process.h>
#include <quay/text.h>

#define KEPT_MAGIC 0x31656c6f736e6f63ul /* "console1" */

struct console console;

/* What a session is for is in its badge; which protocol of a terminal, in the number of the
 * method. */
static int64_t dispatch(struct qy_request *request)
{
    if ((uint32_t)request->in.badge == BADGE_NAME) {
        request->handlers = &open_handlers;
        return qy_device_dispatch(request);
    }
    if (description_of(request->in.badge) == NULL) {
        return qy_request_refuse(request, ESESSION_STALE);
    }
    uint32_t method = IPC_HEADER_METHOD(request->in.message.header);
    if (QY_METHOD_PROTOCOL(method) == QY_FILE_PROTOCOL) {
        request->handlers = &file_handlers;
        return qy_file_dispatch(request);
    }
    request->handlers = &tty_handlers;
    return qy_tty_dispatch(request);
}

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)server;
    (void)signals;
    switch (key) {
    case KEY_TIMER:
        wait_time();
        break;
    case KEY_PROC:
        job_event();
        break;
    case KEY_KEEPER:
        events_keep_all();
        break;
    default:
        line_notice(key);
        break;
    }
}

static void session_closed(struct qy_server *server, uint64_t badge)
{
    (void)server;
    description_closed(badge);
}

static void cancelled(struct qy_server *server, uint64_t token)
{
    (void)server;
    wait_cancel(token, false);
}

static void cancel_requested(struct qy_server *server, uint64_t token)
{
    (void)server;
    wait_cancel(token, true);
}

/* What the last instance left; or nothing, and nobody keeps it. */
static struct kept *kept_find(void)
{
    struct kept *kept = qy_memory_kept(sizeof *kept);
    if (kept == NULL) {
        kept = qy_pages_map(sizeof *kept);
    }
    if (kept == NULL) {
        qy_log("no memory");
        qy_process_exit(1);
    }
    return kept;
}

int main(int argument_count, char **arguments)
{
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = dispatch,
        .notice = notice,
        .session_closed = session_closed,
        .cancelled = cancelled,
        .cancel_requested = cancel_requested,
    };
    console.server = &server;
    console.kept = kept_find();
    if (console.kept->is_set_up != KEPT_MAGIC) {
        terminal_init(&console.kept->terminals[0]);
        console.kept->is_set_up = KEPT_MAGIC;
    }
    int error = wait_init();
    if (error < 0) {
        qy_log("no timer: %s", qy_error_text(error));
        return 1;
    }
    events_init();
    job_init(qy_bootstrap_handle(BOOTSTRAP_SESSION, "proc_control"));
    line_init(argument_count > 1 ? arguments[1] : NULL);
    /* It has said so, if that fails; the name is there anyway. */
    (void)qy_name_bind("console", server.port, BADGE_NAME);
    int64_t status = qy_server_run(&server);
    line_flush();
    if (status < 0) {
        qy_log("receiving failed: %s", qy_error_text(status));
    }
    return status < 0;
}
