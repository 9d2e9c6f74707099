/* SPDX-License-Identifier: MIT */
#include "log.h"
#include <quay/bootstrap.h>
#include <quay/memory.h>
#include <quay/names.h>
#include <quay/system.h>
#include <quay/text.h>

#define KEY_KERNEL_LOG 1

static handle_t resource;

/* The name of the first program that runs in the job. */
static bool name_of(uint64_t job, char *ret_name, size_t size)
{
    uint64_t cursor = 0;
    do {
        struct qy_result result = qy_system_info(resource, SYSTEM_PROCESSES, cursor);
        const struct system_process *record = (const void *)qy_buffer()->payload;
        for (int64_t i = 0; i < result.status; i++) {
            if (record[i].job == job) {
                (void)qy_strlcpy(ret_name, record[i].name, size); /* cut, if it must be */
                return true;
            }
        }
        cursor = result.status < 0 ? 0 : result.second;
    } while (cursor != 0);
    return false;
}

static void kernel_log_read(struct qy_server *server)
{
    int64_t count;
    while ((count = qy_log_read(resource)) > 0) {
        static uint8_t text[IPC_PAYLOAD_MAX]; /* an answer to a waiter takes the buffer's place */
        memcpy(text, qy_buffer()->payload, (size_t)count);
        log_kernel_text(server, text, (uint32_t)count);
    }
    struct qy_result result = qy_system_info(resource, SYSTEM_KERNEL, 0);
    if (result.status == 1) {
        log_lost(((const struct system_kernel *)(const void *)qy_buffer()->payload)->log_dropped);
    }
}

static void notice(struct qy_server *server, uint64_t key, uint64_t signals)
{
    (void)signals;
    if (key == KEY_KERNEL_LOG) {
        kernel_log_read(server);
    }
}

int main(int argument_count, char **arguments)
{
    static struct ring unkept; /* where nobody keeps memory for us */
    struct ring *kept = qy_memory_kept(sizeof *kept);
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, NULL),
        .dispatch = qy_log_dispatch,
        .handlers = &log_handlers,
        .notice = notice,
        .cancelled = log_cancelled,
        .cancel_requested = log_cancelled, /* what waits has got nothing */
        .badge = QY_LOG_ACCESS_READ | QY_LOG_ACCESS_WRITE,
    };
    (void)argument_count;
    (void)arguments;
    log_init(kept != NULL ? kept : &unkept, name_of);
    resource = qy_bootstrap_handle(BOOTSTRAP_RESOURCE, NULL);
    int64_t error =
        qy_buffer() == NULL ? -ENO_BUFFER : qy_log_bind(resource, server.port, KEY_KERNEL_LOG);
    if (error < 0) {
        qy_log("no kernel log: %s", qy_error_text(error));
    } else {
        kernel_log_read(&server); /* what the last instance had not taken */
    }
    return qy_server_main(&server, "log");
}
