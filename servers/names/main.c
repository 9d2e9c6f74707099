/* SPDX-License-Identifier: MIT */
#include "names.h"
#include <quay/bootstrap.h>
#include <quay/memory.h>
#include <quay/text.h>

#define SUBSCRIBERS_MAX 8

static struct directory private_directory; /* where nobody keeps one for us */

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct directory *kept = qy_memory_kept(sizeof *kept);
    names_init(kept != NULL ? kept : &private_directory);
    struct qy_subscriber subscribers[SUBSCRIBERS_MAX] = {0};
    struct qy_server server = {
        .port = qy_bootstrap_handle(BOOTSTRAP_PORT, ""),
        .dispatch = qy_names_dispatch,
        .handlers = &names_handlers,
        .subscribers = subscribers,
        .subscriber_max = SUBSCRIBERS_MAX,
        .cancelled = names_cancelled,
    };
    const struct bootstrap_handle *handle;
    for (uint32_t i = 0; (handle = qy_bootstrap_at(i)) != NULL; i++) {
        if (handle->kind == BOOTSTRAP_PORT && handle->name[0] != 0) {
            names_preset(handle->name, (uint32_t)handle->value, handle->handle);
        }
    }
    int64_t error = qy_server_run(&server);
    if (error < 0) {
        qy_log("receiving failed: %s", qy_error_text(error));
    }
    return error < 0;
}
