/* SPDX-License-Identifier: MIT */
/* What stands around the loop of most servers. */
#include <quay/bootstrap.h>
#include <quay/names.h>
#include <quay/process.h>
#include <quay/server.h>
#include <quay/text.h>
#include <quay/thread.h>

#define TOKENS      32 /* calls received and not answered */
#define THREADS_MAX 16

static void thread_serve(void *argument)
{
    int64_t error = qy_server_run(argument);
    if (error != 0) {
        qy_log("receiving failed: %s", qy_error_text(error));
    }
}

static bool port_get(struct qy_server *server)
{
    if (server->port == HANDLE_INVALID) {
        server->port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL);
    }
    if (server->port == HANDLE_INVALID) {
        int64_t made = qy_port_create(qy_self_job(), TOKENS);
        if (made < 0) {
            qy_log("no port: %s", qy_error_text(made));
            return false;
        }
        server->port = (handle_t)made;
    }
    return true;
}

int qy_server_main(struct qy_server *server, const char *name)
{
    struct qy_thread *threads[THREADS_MAX];
    uint32_t count = 0;
    uint32_t badge = server->badge != 0 ? server->badge : QY_BADGE_DEFAULT;
    if (!port_get(server)) {
        return 1;
    }
    /* A port that init made is under its name already, and served even without. */
    bool is_given = server->port == qy_bootstrap_handle(BOOTSTRAP_PORT, NULL);
    if (qy_name_bind(name, server->port, badge) != 0 && !is_given) {
        return 1;
    }
    while (count + 1 < server->thread_count && count < THREADS_MAX) {
        int error = qy_thread_create(thread_serve, server, 0, &threads[count]);
        if (error < 0) {
            qy_log("serving with %u threads only: %s", count + 1, qy_error_text(error));
            break;
        }
        count++;
    }
    thread_serve(server);
    while (count > 0) {
        (void)qy_thread_join(threads[--count], DEADLINE_NEVER); /* cannot time out */
    }
    return server->is_stopping || server->is_ended ? 0 : 1;
}
